#include "codec/conf_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECRET_BYTES 65536
#define PATH_BYTES 4096
#define CREDENTIAL "credential:"

static enum pl_status io(struct pl_err *err, const char *path)
{
    return pl_err_set(err, PL_ERR_IO, "%s: %s", path, strerror(errno));
}

/* The whole file, once: what is checked is what is used, even if the file changes meanwhile. */
static enum pl_status read_whole(int fd, const char *path, size_t limit, struct pl_buf *out, struct pl_err *err)
{
    char block[16384];
    struct stat facts;
    ssize_t n;

    if (fstat(fd, &facts) != 0)
        return io(err, path);
    if (S_ISDIR(facts.st_mode))
        return pl_err_set(err, PL_ERR_INPUT, "%s: is a directory", path);
    while ((n = read(fd, block, sizeof(block))) != 0) {
        if (n < 0 && errno != EINTR)
            return io(err, path);
        pl_buf_add(out, block, n < 0 ? 0 : (size_t)n);
        if (out->len > limit)
            return pl_err_set(err, PL_ERR_INPUT, "%s: larger than %zu bytes", path, limit);
    }
    return pl_buf_ok(out) ? PL_OK : pl_err_set(err, PL_ERR_NOMEM, "%s: out of memory", path);
}

static enum pl_status read_file(const char *path, size_t limit, struct pl_buf *out, struct pl_err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    enum pl_status status;

    if (fd < 0)
        return io(err, path);
    status = read_whole(fd, path, limit, out, err);
    close(fd);
    return status;
}

static enum pl_status add_file(struct pl_conf_full *full, const char *path, struct pl_err *err)
{
    struct pl_buf bytes = {0};
    enum pl_status status = read_file(path, PL_CONF_FILE_BYTES, &bytes, err);

    if (!status && bytes.len == 0)
        status = pl_err_set(err, PL_ERR_INPUT, "%s: is empty", path);
    if (!status)
        status = pl_conf_text_add(&full->text, path, pl_buf_span(&bytes), err);
    pl_buf_fini(&bytes);
    return status;
}

static int is_conf(const struct dirent *entry)
{
    size_t len = strlen(entry->d_name);

    return entry->d_name[0] != '.' && len > 5 && strcmp(entry->d_name + len - 5, ".conf") == 0;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name); /* the same order in every locale */
}

static enum pl_status add_directory(struct pl_conf_full *full, const char *directory, struct pl_err *err)
{
    struct dirent **found = NULL;
    int n = scandir(directory, &found, is_conf, by_name);
    enum pl_status status = PL_OK;
    char path[PATH_BYTES];

    if (n < 0)
        return errno == ENOENT || errno == ENOTDIR ? PL_OK : io(err, directory);
    for (int at = 0; at < n; at++) {
        int len = snprintf(path, sizeof(path), "%s/%s", directory, found[at]->d_name);

        if (!status && (len < 0 || (size_t)len >= sizeof(path)))
            status = pl_err_set(err, PL_ERR_INPUT, "%s: the name is too long", directory);
        if (!status)
            status = add_file(full, path, err);
        free(found[at]);
    }
    free(found);
    return status;
}

static enum pl_status add_all(struct pl_conf_full *full, const char *path, struct pl_err *err)
{
    const char *slash = strrchr(path, '/');
    enum pl_status status = add_file(full, path, err);
    char directory[PATH_BYTES];
    int len;

    if (status)
        return status;
    len = snprintf(directory, sizeof(directory), "%.*sconf.d", slash ? (int)(slash + 1 - path) : 0, path);
    if (len < 0 || (size_t)len >= sizeof(directory))
        return pl_err_set(err, PL_ERR_INPUT, "%s: the name is too long", path);
    return add_directory(full, directory, err);
}

/* KEY.file = PATH becomes KEY = what stands in the file, without the newline at its end. */
static enum pl_status resolve(struct pl_conf_pair *pair, struct pl_err *err)
{
    struct pl_buf bytes = {0};
    struct pl_span secret;
    enum pl_status status = read_file(pair->value, SECRET_BYTES, &bytes, err);
    char *text = NULL;

    secret = pl_buf_span(&bytes);
    while (secret.len && (secret.ptr[secret.len - 1] == '\n' || secret.ptr[secret.len - 1] == '\r'))
        secret.len--;
    if (!status && (secret.len == 0 || memchr(secret.ptr, '\0', secret.len)))
        status = pl_err_set(err, PL_ERR_INPUT, "%s: is empty, or has a NUL byte", pair->value);
    if (!status && !(text = pl_span_dup(secret)))
        status = pl_err_set(err, PL_ERR_NOMEM, "out of memory for the configuration");
    if (!status) {
        free(pair->value);
        pair->value = text;
        pair->key[strlen(pair->key) - strlen(".file")] = '\0';
    }
    if (bytes.ptr)
        explicit_bzero(bytes.ptr, bytes.len);
    pl_buf_fini(&bytes);
    return status;
}

/* credential:NAME becomes the path of that file, where systemd put it for this unit alone. */
static enum pl_status find_credential(char **value, struct pl_err *err)
{
    const char *directory = getenv("CREDENTIALS_DIRECTORY"), *name = *value + strlen(CREDENTIAL);
    char path[PATH_BYTES];
    int len;

    if (!name[0] || name[0] == '.' || strchr(name, '/'))
        return pl_err_set(err, PL_ERR_INPUT, "`%s`: expected %sNAME, without a slash", *value, CREDENTIAL);
    if (!directory || directory[0] != '/')
        return pl_err_set(err, PL_ERR_INPUT,
                          "`%s`: there are no credentials; systemd hands them to a unit with LoadCredential=%s:PATH",
                          *value, name);
    len = snprintf(path, sizeof(path), "%s/%s", directory, name);
    if (len < 0 || (size_t)len >= sizeof(path))
        return pl_err_set(err, PL_ERR_INPUT, "`%s`: the name is too long", *value);
    free(*value);
    *value = pl_span_dup(pl_span_of(path));
    return *value ? PL_OK : pl_err_set(err, PL_ERR_NOMEM, "out of memory for the configuration");
}

static bool is_credential(const char *value)
{
    return value && strncmp(value, CREDENTIAL, strlen(CREDENTIAL)) == 0;
}

static enum pl_status find_credentials(struct pl_conf_full *full, struct pl_err *err)
{
    struct pl_conf *conf = &full->conf;
    const struct {
        const char *section, *key;
        char **value;
    } files[] = {{"plateaud", "hash_key_file", &conf->hash_key_file},
                 {"redis", "password_file", &conf->redis_password_file},
                 {"redis", "ca_file", &conf->redis_ca_file},
                 {"redis", "cert_file", &conf->redis_cert_file},
                 {"redis", "key_file", &conf->redis_key_file}};
    const struct pl_conf_section *kafka = pl_conf_text_find(&full->text, "kafka", pl_span_of(""));
    enum pl_status status = PL_OK;

    for (size_t at = 0; !status && at < sizeof(files) / sizeof(*files); at++) {
        const struct pl_conf_section *section = pl_conf_text_find(&full->text, files[at].section, pl_span_of(""));
        const struct pl_conf_entry *entry = section ? pl_conf_section_find(section, files[at].key) : NULL;

        if (entry && is_credential(*files[at].value))
            status = pl_conf_at(entry->place, find_credential(files[at].value, err), err);
    }
    for (unsigned at = 0; !status && at < conf->n_kafka; at++)
        if (is_credential(conf->kafka[at].value))
            status = pl_conf_at(kafka->entries[at].place, find_credential(&conf->kafka[at].value, err), err);
    return status;
}

static enum pl_status resolve_all(struct pl_conf_full *full, struct pl_err *err)
{
    const struct pl_conf_section *kafka = pl_conf_text_find(&full->text, "kafka", pl_span_of(""));
    enum pl_status status = PL_OK;

    for (unsigned at = 0; !status && at < full->conf.n_kafka; at++)
        if (pl_conf_kafka_file(full->conf.kafka[at].key))
            status = pl_conf_at(kafka->entries[at].place, resolve(&full->conf.kafka[at], err), err);
    return status;
}

enum pl_status pl_conf_load(const char *path, struct pl_conf **conf, struct pl_err *err)
{
    struct pl_conf_full *full = calloc(1, sizeof(*full));
    enum pl_status status;

    *conf = NULL;
    if (!full)
        return pl_err_set(err, PL_ERR_NOMEM, "out of memory for the configuration");
    status = add_all(full, path, err);
    if (!status)
        status = pl_conf_finish(full, err);
    if (!status)
        status = find_credentials(full, err);
    if (!status)
        status = resolve_all(full, err);
    if (status)
        pl_conf_free(&full->conf);
    else
        *conf = &full->conf;
    return status;
}
