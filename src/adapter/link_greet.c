#include "adapter/link_greet.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define PASSWORD_BYTES 4096

static enum pl_status read_password(const char *path, char *out, size_t *len, struct pl_err *err)
{
    FILE *file = fopen(path, "re");
    bool failed, more;

    if (!file)
        return pl_err_set(err, PL_ERR_IO, "password_file %s: %s", path, strerror(errno));
    setvbuf(file, NULL, _IONBF, 0); /* no copy of the secret in a buffer of stdio */
    *len = fread(out, 1, PASSWORD_BYTES, file);
    more = *len == PASSWORD_BYTES && fgetc(file) != EOF;
    failed = ferror(file) != 0;
    fclose(file);
    if (failed)
        return pl_err_set(err, PL_ERR_IO, "password_file %s cannot be read", path);
    while (*len > 0 && (out[*len - 1] == '\n' || out[*len - 1] == '\r'))
        (*len)--;
    if (*len == 0 || more)
        return pl_err_set(err, PL_ERR_INPUT, "password_file %s is %s", path, more ? "too long" : "empty");
    return PL_OK;
}

static enum pl_status write_auth(struct pl_link_greet *greet, struct pl_buf *out, struct pl_err *err)
{
    char password[PASSWORD_BYTES];
    struct pl_span argv[3] = {pl_span_of("AUTH")};
    size_t argc = 1, len = 0;
    enum pl_status status = read_password(greet->password_file, password, &len, err);

    if (status == PL_OK) {
        if (greet->user)
            argv[argc++] = pl_span_of(greet->user);
        argv[argc++] = (struct pl_span){password, len};
        pl_resp_add(out, argc, argv);
        greet->steps[greet->n_steps++] = PL_LINK_GREET_AUTH;
    }
    explicit_bzero(password, sizeof(password));
    return status;
}

enum pl_status pl_link_greet_write(struct pl_link_greet *greet, struct pl_buf *out, struct pl_err *err)
{
    greet->n_steps = 0;
    if (greet->password_file) {
        enum pl_status status = write_auth(greet, out, err);

        if (status != PL_OK)
            return status;
    }
    if (greet->peer == PL_LINK_ASKED)
        return pl_buf_ok(out) ? PL_OK : pl_err_set(err, PL_ERR_NOMEM, "no memory for a greeting");
    if (greet->db != 0) {
        char db[16];

        snprintf(db, sizeof(db), "%d", greet->db);
        pl_resp_add_text(out, "SELECT", db, NULL);
        greet->steps[greet->n_steps++] = PL_LINK_GREET_SELECT;
    }
    if (greet->name) {
        pl_resp_add_text(out, "CLIENT", "SETNAME", greet->name, NULL);
        greet->steps[greet->n_steps++] = PL_LINK_GREET_SETNAME;
    }
    pl_resp_add_text(out, "ROLE", NULL);
    greet->steps[greet->n_steps++] = PL_LINK_GREET_ROLE;
    pl_resp_add_text(out, "INFO", "memory", NULL);
    greet->steps[greet->n_steps++] = PL_LINK_GREET_INFO;
    if (greet->peer == PL_LINK_SERVER) {
        pl_resp_add_text(out, "INFO", "cluster", NULL);
        greet->steps[greet->n_steps++] = PL_LINK_GREET_CLUSTER;
    }
    return pl_buf_ok(out) ? PL_OK : pl_err_set(err, PL_ERR_NOMEM, "no memory for a greeting");
}

static bool begins(struct pl_span text, const char *prefix)
{
    return pl_span_take_prefix(&text, prefix);
}

/* Redis repeats the arguments of a command it does not know, so of an answer to AUTH only known texts are shown. */
static enum pl_status auth_refused(const struct pl_link_greet *greet, struct pl_span text, struct pl_err *err)
{
    const char *why = "refused";

    if (begins(text, "WRONGPASS"))
        why = "WRONGPASS: wrong user or password, or the user is off";
    else if (begins(text, "NOPERM"))
        why = "NOPERM: this user may not use AUTH (give it +auth)";
    else if (memmem(text.ptr, text.len, "without any password", 20) ||
             memmem(text.ptr, text.len, "no password is set", 18))
        why = "the server knows no password for the default user";
    return pl_err_set(err, PL_ERR_INPUT, "AUTH as %s with the password of %s: %s",
                      greet->user ? greet->user : "default", greet->password_file, why);
}

static enum pl_status refused(const struct pl_link_greet *greet, enum pl_link_greet_step step, struct pl_span text,
                              struct pl_err *err)
{
    static const struct {
        const char *command, *permission;
    } names[] = {
        [PL_LINK_GREET_AUTH] = {"AUTH", "+auth"},
        [PL_LINK_GREET_SELECT] = {"SELECT", "+select"},
        [PL_LINK_GREET_SETNAME] = {"CLIENT SETNAME", "+client|setname"},
        [PL_LINK_GREET_ROLE] = {"ROLE", "+role"},
        [PL_LINK_GREET_INFO] = {"INFO", "+info"},
        [PL_LINK_GREET_CLUSTER] = {"INFO", "+info"},
    };
    int len = text.len < 128 ? (int)text.len : 128;

    if (begins(text, "NOPERM"))
        return pl_err_set(err, PL_ERR_INPUT, "NOPERM: the Redis user lacks %s", names[step].permission);
    if (begins(text, "NOAUTH") && !greet->password_file)
        return pl_err_set(err, PL_ERR_INPUT, "NOAUTH: the server wants a password (set password_file)");
    return pl_err_set(err, PL_ERR_INPUT, "%s: %.*s", names[step].command, len, text.ptr);
}

static enum pl_status check_role(const struct pl_reply *reply, struct pl_err *err)
{
    struct pl_span role = {NULL, 0};

    if (reply->type == PL_REPLY_ARRAY && reply->n > 0 && reply->elements[0].type == PL_REPLY_STRING)
        role = reply->elements[0].text;
    if (pl_span_is(role, "master"))
        return PL_OK;
    return pl_err_set(err, PL_ERR_INPUT, "the server is no master: its role is %.*s",
                      role.len < 32 ? (int)role.len : 32, role.len ? role.ptr : "");
}

/* The value of a line NAME:VALUE of INFO; an empty span without pointer when there is none. */
static struct pl_span info_line(const struct pl_reply *reply, const char *name)
{
    struct pl_span rest = reply->type == PL_REPLY_STRING ? reply->text : (struct pl_span){NULL, 0};

    while (rest.ptr) {
        struct pl_span value = pl_span_trim(pl_span_cut(&rest, '\n')), found = pl_span_cut(&value, ':');

        if (pl_span_is(found, name))
            return value;
    }
    return (struct pl_span){NULL, 0};
}

static enum pl_status check_policy(const struct pl_reply *reply, struct pl_err *err)
{
    struct pl_span policy = info_line(reply, "maxmemory_policy");

    if (pl_span_is(policy, "noeviction"))
        return PL_OK;
    if (!policy.ptr)
        return pl_err_set(err, PL_ERR_INPUT, "INFO memory does not tell maxmemory_policy");
    return pl_err_set(err, PL_ERR_INPUT, "maxmemory-policy is %.*s and must be noeviction, else Redis drops state",
                      policy.len < 32 ? (int)policy.len : 32, policy.ptr);
}

/* A server that does not say is none of a cluster. */
static enum pl_status check_cluster(const struct pl_reply *reply, struct pl_err *err)
{
    if (!pl_span_is(info_line(reply, "cluster_enabled"), "1"))
        return PL_OK;
    return pl_err_set(err, PL_ERR_INPUT,
                      "the server is a node of a Redis Cluster: write url = redis+cluster://HOST:PORT[,HOST:PORT...]");
}

enum pl_status pl_link_greet_check(const struct pl_link_greet *greet, enum pl_link_greet_step step,
                                   const struct pl_reply *reply, struct pl_err *err)
{
    if (reply->type == PL_REPLY_ERROR)
        return step == PL_LINK_GREET_AUTH ? auth_refused(greet, reply->text, err)
                                          : refused(greet, step, reply->text, err);
    switch (step) {
    case PL_LINK_GREET_ROLE:
        return check_role(reply, err);
    case PL_LINK_GREET_INFO:
        return check_policy(reply, err);
    case PL_LINK_GREET_CLUSTER:
        return check_cluster(reply, err);
    case PL_LINK_GREET_AUTH:
    case PL_LINK_GREET_SELECT:
    case PL_LINK_GREET_SETNAME:
        break;
    }
    return pl_span_is(reply->text, "OK") ? PL_OK : pl_err_set(err, PL_ERR_INPUT, "unexpected answer to the greeting");
}
