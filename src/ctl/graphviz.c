#include "ctl/graphviz.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* The source as a file of its own: dot can read all of it before anybody reads what dot writes. */
static FILE *file_of(struct pl_span dot)
{
    FILE *file = tmpfile();

    if (file && (fwrite(dot.ptr, 1, dot.len, file) != dot.len || fflush(file) != 0 || fseek(file, 0, SEEK_SET) != 0)) {
        fclose(file);
        file = NULL;
    }
    return file;
}

static enum pl_status spawn_dot(int in, int out, pid_t *child, struct pl_err *err)
{
    char program[] = "dot", option[] = "-Tsvg";
    char *const argv[] = {program, option, NULL};
    posix_spawn_file_actions_t actions;
    int code;

    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    code = posix_spawnp(child, program, &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (code == ENOENT)
        return pl_err_set(err, PL_ERR_STATE,
                          "Graphviz is not installed (no program dot): install graphviz, or take --dot");
    return code ? pl_err_set(err, PL_ERR_IO, "dot cannot be run: %s", strerror(code)) : PL_OK;
}

static void read_all(int from, struct pl_buf *out)
{
    char chunk[65536];
    ssize_t len;

    while ((len = read(from, chunk, sizeof(chunk))) > 0 || (len < 0 && errno == EINTR))
        if (len > 0)
            pl_buf_add(out, chunk, (size_t)len);
}

static enum pl_status reap(pid_t child, const struct pl_buf *svg, struct pl_err *err)
{
    int how = 0;

    while (waitpid(child, &how, 0) < 0)
        if (errno != EINTR)
            return pl_err_set(err, PL_ERR_IO, "dot: %s", strerror(errno));
    if (!WIFEXITED(how) || WEXITSTATUS(how) != 0)
        return pl_err_set(err, PL_ERR_IO, "dot ended with an error");
    return pl_buf_ok(svg) && svg->len ? PL_OK : pl_err_set(err, PL_ERR_IO, "dot gave no picture, or too large a one");
}

enum pl_status pl_graphviz_svg(struct pl_span dot, struct pl_buf *svg, struct pl_err *err)
{
    FILE *file = file_of(dot);
    enum pl_status status;
    pid_t child;
    int ends[2];

    if (!file)
        return pl_err_set(err, PL_ERR_IO, "no temporary file: %s", strerror(errno));
    if (pipe2(ends, O_CLOEXEC) != 0) {
        fclose(file);
        return pl_err_set(err, PL_ERR_IO, "no pipe: %s", strerror(errno));
    }
    svg->limit = PL_GRAPHVIZ_SVG_MAX;
    status = spawn_dot(fileno(file), ends[1], &child, err);
    close(ends[1]);
    if (!status) {
        read_all(ends[0], svg);
        status = reap(child, svg, err);
    }
    close(ends[0]);
    fclose(file);
    return status;
}
