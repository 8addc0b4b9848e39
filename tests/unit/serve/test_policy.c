#include "serve/policy.h"

#include "check.h"

static struct vt_policy *policy;

static void start(void)
{
    static struct vt_channel channels[3];
    static char hash[] = "sha256:2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b";    // "secret"
    static char upper[] = "sha256:5E884898DA28047151D0E56F8DC6292773603D0D6AABBDD62A11EF721D1542D8";   // "password"
    static char plain[] = "demo-key", second[] = "second";
    channels[0] = (struct vt_channel){.name = "a", .keys = {plain, second}, .n_keys = 2};
    channels[1] = (struct vt_channel){.name = "b"};
    channels[2] = (struct vt_channel){.name = "c", .keys = {hash, upper}, .n_keys = 2};
    vt_policy_free(&policy);
    REQUIRE_INT(vt_policy_new(&policy, channels, 3), 0);
}

TEST(keys_name_their_channels)
{
    start();
    REQUIRE_INT(vt_policy_channel(policy, "demo-key"), 0);
    REQUIRE_INT(vt_policy_channel(policy, "second"), 0);
    REQUIRE_INT(vt_policy_channel(policy, "secret"), 2);
    REQUIRE_INT(vt_policy_channel(policy, "password"), 2);
}

TEST(anything_else_names_none)
{
    start();
    REQUIRE_INT(vt_policy_channel(policy, ""), -1);
    REQUIRE_INT(vt_policy_channel(policy, "demo-ke"), -1);
    REQUIRE_INT(vt_policy_channel(policy, "demo-key2"), -1);
    REQUIRE_INT(vt_policy_channel(policy, "Demo-key"), -1);
    REQUIRE_INT(vt_policy_channel(policy,
                                  "sha256:2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b"), -1);
}

TEST(no_channels_no_keys)
{
    vt_policy_free(&policy);
    REQUIRE_INT(vt_policy_new(&policy, NULL, 0), 0);
    REQUIRE_INT(vt_policy_channel(policy, ""), -1);
}

int main(void)
{
    RUN(keys_name_their_channels);
    RUN(anything_else_names_none);
    RUN(no_channels_no_keys);
    vt_policy_free(&policy);
    return DONE();
}
