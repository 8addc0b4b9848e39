// `vitrine lint FILE...`: checks templates, configurations and cue files without using them.
//
// What a file is is told by its content: a map with `layout` is a template, one with `cues` a cue file, anything else
// a configuration.
#pragma once

// The arguments after `lint`. Prints "file:line:column: error: …" to standard error. Returns the process's exit code:
// 0, 1 when a file has errors, 2 for bad usage.
int vt_lint_main(int argc, char **argv);
