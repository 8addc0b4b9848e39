// The origin as a process of its own, for origin_alone.py.
#include "serve/origin.h"

int main(int argc, char **argv)
{
    return vt_origin_main(argc, argv);
}
