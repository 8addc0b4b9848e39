// `vitrine render INPUT --config FILE --channel NAME [--cues FILE] --out DIR`.
#pragma once

int vt_render_main(int argc, char **argv);
