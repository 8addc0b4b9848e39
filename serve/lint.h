// `vitrine lint FILE...`: checks templates, configurations and cue files without using them.
//
// What a file is is told by its content: a map with `layout` is a template, one with `cues` a cue file, anything else
// a configuration.
//
// A template is tried with each of its samples, in each language that it has texts for, in landscape and portrait: whether
// it can be shown, and, unless --no-pixels, what its pixels are like (overlay/inspect.h). That takes about a tenth of a
// second for each. What goes on air while a channel runs is checked as far as `vt_template_load` does.
#pragma once

#define VT_LINT_USAGE "[--no-pixels] FILE... | --schema"

// The arguments after `lint`. Prints "file:line:column: error: …" to standard error. Returns the process's exit code:
// 0, 1 when a file has errors, 2 for bad usage.
int vt_lint_main(int argc, char **argv);
