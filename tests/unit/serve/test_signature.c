#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "check.h"
#include "serve/signature.h"

#define NOW 1767225600

static const char first_key[] = "the first signing key", second_key[] = "the second signing key";
static const char playlist[] = "/live/mango/index.m3u8";

static struct vt_signing with_key(const char *key)
{
    struct vt_signing signing = {0};
    REQUIRE_INT(vt_signing_add(&signing, key, strlen(key)), 0);
    return signing;
}

TEST(a_token_is_what_the_page_says)
{
    // printf '%s' '1767229200:/live/mango' | openssl dgst -sha256 -hmac 'the first signing key' -binary | basenc --base64url
    struct vt_signing signing = with_key(first_key);
    char token[VT_SIGNED_TOKEN];
    REQUIRE_INT(vt_signing_sign(&signing, "/live/mango", 1767229200, token), 0);
    REQUIRE_TEXT(token, "1767229200.2.0iJezcNnAGrno61g2OzTIr-CL_DZWlmYnOw_MGqKWUg");
}

TEST(it_covers_what_lies_below_its_prefix)
{
    struct vt_signing signing = with_key(first_key);
    char token[VT_SIGNED_TOKEN];
    REQUIRE_INT(vt_signing_sign(&signing, "/live/mango", NOW + 60, token), 0);
    REQUIRE_INT(vt_signing_check(&signing, token, playlist, NOW), 0);
    REQUIRE_INT(vt_signing_check(&signing, token, "/live/mango/s/main/720p-1.m4s", NOW), 0);
    REQUIRE_INT(vt_signing_check(&signing, token, "/live/mango", NOW), 0);
    REQUIRE_INT(vt_signing_check(&signing, token, "/live/papaya/index.m3u8", NOW), -EACCES);
    REQUIRE_INT(vt_signing_check(&signing, token, "/live/mangoes/index.m3u8", NOW), -EACCES);
    REQUIRE_INT(vt_signing_check(&signing, token, "/live", NOW), -EACCES);
    REQUIRE_INT(vt_signing_check(&signing, token, "", NOW), -EACCES);
}

TEST(it_ends_on_its_second)
{
    struct vt_signing signing = with_key(first_key);
    char token[VT_SIGNED_TOKEN];
    REQUIRE_INT(vt_signing_sign(&signing, "/live/mango", NOW + 1, token), 0);
    REQUIRE_INT(vt_signing_check(&signing, token, playlist, NOW), 0);
    REQUIRE_INT(vt_signing_check(&signing, token, playlist, NOW + 1), -ETIME);
}

TEST(one_that_lives_too_long_is_not_believed)
{
    struct vt_signing signing = with_key(first_key);
    char token[VT_SIGNED_TOKEN];
    REQUIRE_INT(vt_signing_sign(&signing, "/live/mango", NOW + VT_SIGNED_LIFE_S, token), 0);
    REQUIRE_INT(vt_signing_check(&signing, token, playlist, NOW), 0);
    REQUIRE_INT(vt_signing_check(&signing, token, playlist, NOW - 1), -EACCES);
}

TEST(any_change_breaks_it)
{
    struct vt_signing signing = with_key(first_key);
    char token[VT_SIGNED_TOKEN];
    REQUIRE_INT(vt_signing_sign(&signing, "/live/mango", NOW + 60, token), 0);
    for (size_t i = 0; token[i]; i++) {
        char was = token[i];
        token[i] = was == '3' ? '4' : '3';
        REQUIRE_INT(vt_signing_check(&signing, token, playlist, NOW), -EACCES);
        token[i] = 0;
        REQUIRE_INT(vt_signing_check(&signing, token, playlist, NOW), -EACCES);
        token[i] = was;
    }
    REQUIRE_INT(vt_signing_check(&signing, token, playlist, NOW), 0);
}

TEST(keys_can_be_changed_with_overlap)
{
    struct vt_signing old = with_key(first_key), both = with_key(second_key), new = with_key(second_key);
    char token[VT_SIGNED_TOKEN];
    REQUIRE_INT(vt_signing_add(&both, first_key, strlen(first_key)), 0);
    REQUIRE_INT(vt_signing_sign(&old, "/live/mango", NOW + 60, token), 0);
    REQUIRE_INT(vt_signing_check(&both, token, playlist, NOW), 0);
    REQUIRE_INT(vt_signing_check(&new, token, playlist, NOW), -EACCES);
    REQUIRE_INT(vt_signing_sign(&both, "/live/mango", NOW + 60, token), 0);
    REQUIRE_INT(vt_signing_check(&new, token, playlist, NOW), 0);
    REQUIRE_INT(vt_signing_check(&(struct vt_signing){0}, token, playlist, NOW), -EACCES);
}

TEST(prefixes_have_one_to_four_components)
{
    struct vt_signing signing = with_key(first_key);
    char token[VT_SIGNED_TOKEN], longest[VT_SIGNED_PREFIX + 1];
    REQUIRE_INT(vt_signing_sign(&signing, "/a/b/c/d", NOW + 1, token), 0);
    REQUIRE_INT(vt_signing_check(&signing, token, "/a/b/c/d/e", NOW), 0);
    REQUIRE_INT(vt_signing_sign(&signing, "/a/b/c/d/e", NOW + 1, token), -EINVAL);
    REQUIRE_INT(vt_signing_sign(&signing, "", NOW + 1, token), -EINVAL);
    REQUIRE_INT(vt_signing_sign(&signing, "/", NOW + 1, token), -EINVAL);
    REQUIRE_INT(vt_signing_sign(&signing, "live", NOW + 1, token), -EINVAL);
    REQUIRE_INT(vt_signing_sign(&signing, "/live/", NOW + 1, token), -EINVAL);
    REQUIRE_INT(vt_signing_sign(&signing, "/live", 0, token), -EINVAL);
    memset(longest, 'a', sizeof longest);
    longest[0] = '/';
    longest[VT_SIGNED_PREFIX - 1] = 0;
    REQUIRE_INT(vt_signing_sign(&signing, longest, NOW + 1, token), 0);
    REQUIRE_INT(vt_signing_check(&signing, token, longest, NOW), 0);
    longest[VT_SIGNED_PREFIX - 1] = 'a';
    longest[VT_SIGNED_PREFIX] = 0;
    REQUIRE_INT(vt_signing_sign(&signing, longest, NOW + 1, token), -EINVAL);
    REQUIRE_INT(vt_signing_check(&signing, token, longest, NOW), -EACCES);
}

TEST(addresses_are_split)
{
    char token[VT_SIGNED_TOKEN], address[VT_SIGNED_TOKEN + 16];
    const char *rest;
    REQUIRE(vt_signed_split("/@abc/live/mango", token, &rest));
    REQUIRE_TEXT(token, "abc");
    REQUIRE_TEXT(rest, "/live/mango");
    REQUIRE(!vt_signed_split("/live/@abc/x", token, &rest));
    REQUIRE(!vt_signed_split("/@/live", token, &rest));
    REQUIRE(!vt_signed_split("/@abc", token, &rest));
    snprintf(address, sizeof address, "/@%0*d/x", VT_SIGNED_TOKEN - 1, 0);
    REQUIRE(vt_signed_split(address, token, &rest));
    snprintf(address, sizeof address, "/@%0*d/x", VT_SIGNED_TOKEN, 0);
    REQUIRE(!vt_signed_split(address, token, &rest));
}

TEST(keys_have_limits)
{
    struct vt_signing signing = {0};
    char key[VT_SIGNING_KEY_MAX + 1];
    memset(key, 'k', sizeof key);
    REQUIRE_INT(vt_signing_add(&signing, key, VT_SIGNING_KEY_MIN - 1), -EINVAL);
    REQUIRE_INT(vt_signing_add(&signing, key, VT_SIGNING_KEY_MAX + 1), -EINVAL);
    REQUIRE_INT(vt_signing_add(&signing, key, VT_SIGNING_KEY_MIN), 0);
    for (int i = 1; i < VT_SIGNING_KEYS; i++)
        REQUIRE_INT(vt_signing_add(&signing, key, VT_SIGNING_KEY_MAX), 0);
    REQUIRE_INT(vt_signing_add(&signing, key, VT_SIGNING_KEY_MAX), -E2BIG);
}

static int load(const char *text, struct vt_signing *ret)
{
    char path[] = "/tmp/vitrine-signing-XXXXXX";
    int fd = mkstemp(path);
    REQUIRE(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    close(fd);
    int error = vt_signing_load(ret, path);
    unlink(path);
    return error;
}

TEST(a_file_of_keys_is_read)
{
    struct vt_signing signing = {.n_keys = 7};
    char text[VT_SIGNING_KEY_MAX + 8] = {0};
    REQUIRE_INT(load("# ours\n\nthe first signing key\r\nthe second signing key", &signing), 0);
    REQUIRE_INT(signing.n_keys, 2);
    REQUIRE_INT(signing.keys[0].size, strlen(first_key));
    REQUIRE_INT(signing.keys[1].size, strlen(second_key));
    REQUIRE_INT(load("short\n", &signing), -EINVAL);
    REQUIRE_INT(load("# nothing\n", &signing), -ENODATA);
    memset(text, 'k', VT_SIGNING_KEY_MAX);
    REQUIRE_INT(load(text, &signing), 0);
    memset(text, 'k', VT_SIGNING_KEY_MAX + 1);
    REQUIRE_INT(load(text, &signing), -EINVAL);
    REQUIRE_INT(vt_signing_load(&signing, "/nowhere/at/all"), -ENOENT);
    REQUIRE_INT(signing.n_keys, 1);
}

int main(void)
{
    RUN(a_token_is_what_the_page_says);
    RUN(it_covers_what_lies_below_its_prefix);
    RUN(it_ends_on_its_second);
    RUN(one_that_lives_too_long_is_not_believed);
    RUN(any_change_breaks_it);
    RUN(keys_can_be_changed_with_overlap);
    RUN(prefixes_have_one_to_four_components);
    RUN(addresses_are_split);
    RUN(keys_have_limits);
    RUN(a_file_of_keys_is_read);
    return DONE();
}
