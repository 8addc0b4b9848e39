#include "base/names.h"

#include <errno.h>

#include "check.h"

TEST(valid_names)
{
    REQUIRE(vt_name_valid("mango"));
    REQUIRE(vt_name_valid("A-z_09"));
    REQUIRE(!vt_name_valid(""));
    REQUIRE(!vt_name_valid(NULL));
    REQUIRE(!vt_name_valid("a b"));
    REQUIRE(!vt_name_valid("../a"));
    REQUIRE(!vt_name_valid("gr\xc3\xbcn"));
}

TEST(longest_and_one_past)
{
    char name[] = "0123456789abcdef0123456789abcdef", out[VT_NAME_ROOM] = "old";
    REQUIRE_INT(vt_name_copy(out, name), 0);
    REQUIRE_TEXT(out, name);
    REQUIRE_INT(vt_name_copy(out, "0123456789abcdef0123456789abcdefg"), -EINVAL);
    REQUIRE_TEXT(out, name);
}

int main(void)
{
    RUN(valid_names);
    RUN(longest_and_one_past);
    return DONE();
}
