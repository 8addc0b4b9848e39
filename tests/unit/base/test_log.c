#include "base/log.h"

#include <unistd.h>

#include "check.h"

static const char *escape(const char *text, size_t size, size_t room)
{
    static char out[64];
    memset(out, '#', sizeof out);
    REQUIRE(vt_escape(out, room, text, size) == out);
    REQUIRE(memchr(out, 0, room) != NULL);
    REQUIRE_INT(out[room], '#');
    return out;
}

TEST(plain_text_stays)
{
    REQUIRE_TEXT(escape("OBS 30.0", 8, 63), "OBS 30.0");
    REQUIRE_TEXT(escape("Größe 芒果", 14, 63), "Größe 芒果");
}

TEST(controls_and_quotes_are_spelled_out)
{
    REQUIRE_TEXT(escape("a\n\"b\\\0'\x7f", 8, 63), "a\\x0a\\x22b\\x5c\\x00\\x27\\x7f");
    REQUIRE_TEXT(escape("\x1b[2J", 4, 63), "\\x1b[2J");
    REQUIRE_TEXT(escape("\xc2\x85", 2, 63), "\\xc2\\x85");
    REQUIRE_TEXT(escape("\xe2\x80\xae", 3, 63), "\\xe2\\x80\\xae");
    REQUIRE_TEXT(escape("\xe2\x80\xa6", 3, 63), "…");
}

TEST(broken_sequences_are_spelled_out)
{
    REQUIRE_TEXT(escape("\xff\xc0\x80", 3, 63), "\\xff\\xc0\\x80");
    REQUIRE_TEXT(escape("\xe8\x8a", 2, 63), "\\xe8\\x8a");
    REQUIRE_TEXT(escape("\xed\xa0\x80", 3, 63), "\\xed\\xa0\\x80");
    REQUIRE_TEXT(escape("\xf4\x90\x80\x80", 4, 63), "\\xf4\\x90\\x80\\x80");
    REQUIRE_TEXT(escape("\xf8\x88\x80\x80\x80", 5, 63), "\\xf8\\x88\\x80\\x80\\x80");
}

TEST(long_text_is_cut_at_a_character)
{
    REQUIRE_TEXT(escape("1234567", 7, 8), "1234567");
    REQUIRE_TEXT(escape("12345678", 8, 8), "1234…");
    REQUIRE_TEXT(escape("芒果芒果", 12, 10), "芒果…");
    REQUIRE_TEXT(escape("\n\n\n", 3, 8), "\\x0a…");
}

TEST(what_is_escaped_already_stays)
{
    char out[64];
    REQUIRE_TEXT(vt_escape_once(out, sizeof out, "a\\x0a\\xFf\"b\n"), "a\\x0a\\xFf\\x22b\\x0a");
    REQUIRE_TEXT(vt_escape_once(out, sizeof out, "\\ \\x \\x1 \\x1g \\"), "\\x5c \\x5cx \\x5cx1 \\x5cx1g \\x5c");
    REQUIRE_TEXT(vt_escape_once(out, sizeof out, NULL), "");
    REQUIRE_TEXT(vt_escape_once(out, 8, "1234\\x0a"), "1234…");
    REQUIRE_TEXT(vt_escape_once(out, 9, "1234\\x0a"), "1234\\x0a");
}

TEST(keys_show_four_characters)
{
    char out[32];
    REQUIRE_TEXT(vt_redact(out, sizeof out, "demo-key"), "demo…");
    REQUIRE_TEXT(vt_redact(out, sizeof out, ""), "…");
    REQUIRE_TEXT(vt_redact(out, sizeof out, "\n\n\n\n\n"), "\\x0a\\x0a…");
    REQUIRE_TEXT(vt_redact(out, sizeof out, "abc"), "a…");
    REQUIRE_TEXT(vt_redact(out, sizeof out, "x"), "…");
}

static size_t capture(char *out, size_t room, void (*speak)(void))
{
    int ends[2], saved = dup(STDERR_FILENO);
    REQUIRE(saved >= 0 && pipe(ends) == 0);
    dup2(ends[1], STDERR_FILENO);
    close(ends[1]);
    speak();
    dup2(saved, STDERR_FILENO);
    close(saved);
    ssize_t size = read(ends[0], out, room - 1);
    close(ends[0]);
    out[size > 0 ? size : 0] = 0;
    return size > 0 ? (size_t)size : 0;
}

static void speak_shortly(void)
{
    vt_debug("not this");
    vt_info("two\nlines %d", 7);
}

static void speak_at_length(void)
{
    vt_warning("%05000d", 1);
}

TEST(a_line_is_one_line)
{
    char out[4096];
    vt_log_init("studio mango");
    size_t size = capture(out, sizeof out, speak_shortly);
    REQUIRE_TEXT(out + 24, " info    studio mango: two lines 7\n");
    REQUIRE_INT(out[23], 'Z');
    REQUIRE_INT(size, strlen(out));
    size = capture(out, sizeof out, speak_at_length);
    REQUIRE_INT(size, 2048);
    REQUIRE_INT(out[2047], '\n');
}

int main(void)
{
    RUN(plain_text_stays);
    RUN(controls_and_quotes_are_spelled_out);
    RUN(broken_sequences_are_spelled_out);
    RUN(long_text_is_cut_at_a_character);
    RUN(what_is_escaped_already_stays);
    RUN(keys_show_four_characters);
    RUN(a_line_is_one_line);
    return DONE();
}
