#include "studio/bundle.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "overlay/beside.h"
#include "overlay/overlay.h"
#include "studio/proofread.h"

static const char *const types[] = {"json", "svg", "png", "jpg", "jpeg", "webp", "ttf", "otf", "ttc", NULL};

// ---- what is there

static bool id_valid(const char *id)
{
    size_t length = strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");
    return length >= 1 && length <= VT_BUNDLE_ID && !id[length] && id[0] != '.';
}

// "ID~REVISION"
static bool read_name(const char *name, struct vt_bundle *ret)
{
    const char *mark = strrchr(name, '~');
    char *end = NULL;
    if (!mark || mark - name > VT_BUNDLE_ID)
        return false;
    memcpy(ret->id, name, (size_t)(mark - name));
    ret->id[mark - name] = 0;
    ret->rev = strtoll(mark + 1, &end, 10);
    return id_valid(ret->id) && end != mark + 1 && !*end && ret->rev > 0;
}

static int by_id(const void *a, const void *b)
{
    return strcmp(((const struct vt_bundle *)a)->id, ((const struct vt_bundle *)b)->id);
}

int vt_bundles_scan(const char *root, struct vt_bundle ret[VT_BUNDLES_MAX])
{
    DIR *folder = opendir(root);
    struct dirent *entry;
    struct vt_bundle found;
    int count = 0;
    while (folder && (entry = readdir(folder))) {
        int i = 0;
        if (!read_name(entry->d_name, &found))
            continue;
        while (i < count && strcmp(ret[i].id, found.id) != 0)
            i++;
        if (i == count && count < VT_BUNDLES_MAX)
            ret[count++] = found;
        else if (i < count && found.rev > ret[i].rev)
            ret[i] = found;
    }
    if (folder)
        closedir(folder);
    qsort(ret, (size_t)count, sizeof ret[0], by_id);
    return count;
}

bool vt_bundle_folder(const char *root, const struct vt_bundle *bundle, char *ret, size_t room)
{
    return (size_t)snprintf(ret, room, "%s/%s~%lld", root, bundle->id, (long long)bundle->rev) < room;
}

static int find(const char *root, const char *id, struct vt_bundle *ret)
{
    struct vt_bundle list[VT_BUNDLES_MAX];
    int count = vt_bundles_scan(root, list);
    for (int i = 0; i < count; i++) {
        if (strcmp(list[i].id, id) != 0)
            continue;
        *ret = list[i];
        return 0;
    }
    return count == VT_BUNDLES_MAX ? -ENOSPC : -ENOENT;
}

// ---- removing

static void remove_folder(const char *path)
{
    DIR *folder = opendir(path);
    struct dirent *entry;
    while (folder && (entry = readdir(folder))) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            unlinkat(dirfd(folder), entry->d_name, 0);
    }
    if (folder)
        closedir(folder);
    rmdir(path);
}

// All revisions of a template up to and with `most`.
static void remove_revisions(const char *root, const char *id, int64_t most)
{
    DIR *folder = opendir(root);
    struct dirent *entry;
    struct vt_bundle found;
    char path[PATH_MAX];
    while (folder && (entry = readdir(folder))) {
        if (read_name(entry->d_name, &found) && strcmp(found.id, id) == 0 && found.rev <= most &&
            vt_bundle_folder(root, &found, path, sizeof path))
            remove_folder(path);
    }
    if (folder)
        closedir(folder);
}

int vt_bundle_remove(const char *root, const char *id)
{
    struct vt_bundle bundle;
    int r = find(root, id, &bundle);
    if (r == 0)
        remove_revisions(root, id, bundle.rev);
    return r == -ENOSPC ? -ENOENT : r;
}

// ---- keeping

__attribute__((format(printf, 2, 3))) static int refuse(char *why, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(why, VT_BUNDLE_WHY, format, args);
    va_end(args);
    return -EINVAL;
}

static int write_file(const char *folder, const char *name, const void *data, size_t size)
{
    char path[PATH_MAX];
    if ((size_t)snprintf(path, sizeof path, "%s/%s", folder, name) >= sizeof path)
        return -ENAMETOOLONG;
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    int r = fd < 0 ? -errno : vt_write_all(fd, data, size);
    if (r == 0 && fsync(fd) < 0)
        r = -errno;
    if (fd >= 0)
        close(fd);
    return r;
}

static bool type_known(const char *name)
{
    const char *dot = strrchr(name, '.');
    for (int i = 0; dot && types[i]; i++) {
        if (g_ascii_strcasecmp(dot + 1, types[i]) == 0)
            return true;
    }
    return false;
}

static bool is_base64(const char *text, size_t size)
{
    size_t plain = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
    return size % 4 == 0 && size - plain <= 2 && strspn(text + plain, "=") == size - plain;
}

static int write_asset(const char *folder, const char *name, const json_t *value, size_t *used, char *why)
{
    const char *text = json_string_value(value);
    gsize size = 0;
    if (!vt_asset_name_valid(name))
        return refuse(why, "The asset \"%.80s\" is no plain file name of at most 64 letters, digits, dots, _ and -.", name);
    if (!type_known(name))
        return refuse(why, "The asset \"%.80s\" is none of json, svg, png, jpg, jpeg, webp, ttf, otf, ttc.", name);
    if (!text || !is_base64(text, json_string_length(value)))
        return refuse(why, "The asset \"%.80s\" must be a text in base64.", name);
    guchar *data = g_base64_decode(text, &size);
    *used += size;
    int r = *used > VT_BUNDLE_BYTES ? refuse(why, "With the asset \"%.80s\", the files have more than 4 MiB (limit).", name)
                                    : write_file(folder, name, data, size);
    g_free(data);
    return r;
}

static int write_all(const char *folder, const json_t *body, char *why)
{
    const json_t *template = json_object_get(body, "template"), *assets = json_object_get(body, "assets");
    const char *name;
    json_t *value;
    size_t used = 0;
    if (!json_is_string(template) || json_string_length(template) > VT_TEMPLATE_BYTES)
        return refuse(why, "\"template\" must be the text of a template, at most 256 KiB (limit).");
    if (assets && (!json_is_object(assets) || json_object_size(assets) > VT_BUNDLE_FILES))
        return refuse(why, "\"assets\" must be an object of at most 32 files (limit), each in base64 under its name.");
    int r = write_file(folder, VT_BUNDLE_FILE, json_string_value(template), json_string_length(template));
    json_object_foreach((json_t *)assets, name, value)
        r = r == 0 ? write_asset(folder, name, value, &used, why) : r;
    return r;
}

static int check(const char *folder, const struct vt_bundle_new *fresh, char *why, struct vt_diagnostics *said)
{
    char path[PATH_MAX];
    struct vt_proof proof;
    const struct vt_proofread_params params = {.pixels = true, .most_ns = VT_PROOFREAD_NS, .stop = fresh->stop};
    if ((size_t)snprintf(path, sizeof path, "%s/" VT_BUNDLE_FILE, folder) >= sizeof path)
        return -ENAMETOOLONG;
    int r = vt_proof_open(&proof, path, fresh->products, said);
    if (r == -EINVAL || r == -EFBIG)
        return refuse(why, "The template has errors, see \"errors\".");
    if (r != 0)
        return r;
    if (strcmp(vt_template_id(proof.template), fresh->id) != 0)
        r = refuse(why, "The template's own id is \"%s\", not the one of the address.", vt_template_id(proof.template));
    else
        r = vt_proofread(&proof, &params, said);
    if ((r == 0 || r == -ETIME) && said->errors)
        r = refuse(why, "What the template draws has errors, see \"errors\".");
    vt_proof_close(&proof);
    return r;
}

static void sync_folder(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return;
    fsync(fd);
    close(fd);
}

int vt_bundle_put(const char *root, const struct vt_bundle_new *new, int64_t *ret_rev, char why[VT_BUNDLE_WHY],
                  struct vt_diagnostics *said)
{
    struct vt_bundle bundle = {.rev = 0};
    char fresh[PATH_MAX], path[PATH_MAX];
    if (!id_valid(new->id))
        return refuse(why, "The id \"%.100s\" is not 1 to 96 letters, digits, dots, _ or -.", new->id);
    int r = find(root, new->id, &bundle);
    if (r == -ENOSPC)
        return r;
    snprintf(bundle.id, sizeof bundle.id, "%s", new->id);
    bundle.rev++;
    if ((size_t)snprintf(fresh, sizeof fresh, "%s/.new-XXXXXX", root) >= sizeof fresh ||
        !vt_bundle_folder(root, &bundle, path, sizeof path))
        return -ENAMETOOLONG;
    if ((mkdir(root, 0755) < 0 && errno != EEXIST) || !mkdtemp(fresh))
        return -errno;
    r = write_all(fresh, new->body, why);
    if (r == 0)
        r = check(fresh, new, why, said);
    if (r == 0 && rename(fresh, path) < 0)
        r = -errno;
    if (r != 0) {
        remove_folder(fresh);
        return r;
    }
    sync_folder(root);
    remove_revisions(root, new->id, bundle.rev - 1);
    *ret_rev = bundle.rev;
    return 0;
}

// ---- reading

static json_t *list_assets(const char *path)
{
    struct dirent **names;
    json_t *list = json_array();
    int count = scandir(path, &names, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        char file[PATH_MAX];
        struct stat st;
        bool fits = (size_t)snprintf(file, sizeof file, "%s/%s", path, names[i]->d_name) < sizeof file;
        if (fits && names[i]->d_name[0] != '.' && strcmp(names[i]->d_name, VT_BUNDLE_FILE) != 0 && stat(file, &st) == 0)
            json_array_append_new(list, json_pack("{s:s, s:I}", "name", names[i]->d_name, "size", (json_int_t)st.st_size));
        free(names[i]);
    }
    if (count >= 0)
        free(names);
    return list;
}

int vt_bundle_get(const char *root, const char *id, json_t **ret)
{
    struct vt_bundle bundle;
    char path[PATH_MAX], file[PATH_MAX + 16], *text = NULL;
    size_t size = 0;
    int r = find(root, id, &bundle);
    if (r != 0 || !vt_bundle_folder(root, &bundle, path, sizeof path))
        return -ENOENT;
    snprintf(file, sizeof file, "%s/" VT_BUNDLE_FILE, path);
    r = vt_read_file(file, VT_TEMPLATE_BYTES, &text, &size);
    if (r == 0)
        *ret = json_pack("{s:s, s:I, s:s%, s:o}", "id", bundle.id, "rev", (json_int_t)bundle.rev, "template", text, size,
                         "assets", list_assets(path));
    free(text);
    return r != 0 ? r : *ret ? 0 : -EINVAL;
}
