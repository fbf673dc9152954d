#include "ctl/lines.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static bool ends_with(const char *text, const char *end)
{
    size_t len = strlen(text), end_len = strlen(end);

    return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

static enum pl_status failed(struct pl_err *err, const char *path, int number)
{
    return pl_err_set(err, PL_ERR_IO, "%s: %s", path, strerror(number));
}

/* gzip reads the file itself, as its standard input: a name that looks like an option does no harm. */
static enum pl_status spawn_gzip(struct pl_lines *lines, int in, struct pl_err *err)
{
    char program[] = "gzip", option[] = "-dc";
    char *const argv[] = {program, option, NULL};
    posix_spawn_file_actions_t actions;
    int ends[2], code;
    pid_t child;

    if (pipe2(ends, O_CLOEXEC) != 0)
        return failed(err, lines->path, errno);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    code = posix_spawnp(&child, program, &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    if (code != 0) {
        close(ends[0]);
        return pl_err_set(err, PL_ERR_IO, "%s: gzip cannot be run: %s", lines->path, strerror(code));
    }
    lines->child = child;
    lines->file = fdopen(ends[0], "r");
    if (!lines->file) {
        close(ends[0]);
        return failed(err, lines->path, ENOMEM);
    }
    return PL_OK;
}

enum pl_status pl_lines_open(struct pl_lines *lines, const char *path, struct pl_err *err)
{
    enum pl_status status;
    int fd;

    *lines = (struct pl_lines){.path = path};
    if (strcmp(path, "-") == 0) {
        lines->path = "(standard input)";
        lines->file = stdin;
        return PL_OK;
    }
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return failed(err, path, errno);
    if (ends_with(path, ".gz")) {
        status = spawn_gzip(lines, fd, err);
        close(fd);
        if (status)
            pl_lines_close(lines);
        return status;
    }
    lines->file = fdopen(fd, "r");
    if (lines->file)
        return PL_OK;
    close(fd);
    return failed(err, path, ENOMEM);
}

/* At the end of what gzip wrote: did it succeed? */
static enum pl_status reap(struct pl_lines *lines, struct pl_err *err)
{
    int child = lines->child, how = 0;

    lines->child = 0;
    if (child == 0)
        return PL_OK;
    while (waitpid(child, &how, 0) < 0)
        if (errno != EINTR)
            return failed(err, lines->path, errno);
    if (WIFEXITED(how) && WEXITSTATUS(how) == 0)
        return PL_OK;
    return pl_err_set(err, PL_ERR_INPUT, "%s: gzip cannot unpack it", lines->path);
}

enum pl_status pl_lines_next(struct pl_lines *lines, struct pl_span *line, struct pl_err *err)
{
    ssize_t len;

    *line = (struct pl_span){NULL, 0};
    errno = 0;
    len = getline(&lines->text, &lines->cap, lines->file);
    if (len < 0)
        return ferror(lines->file) || errno == ENOMEM ? failed(err, lines->path, errno) : reap(lines, err);
    lines->number++;
    lines->bytes += (uint64_t)len;
    if ((size_t)len > PL_LINES_BYTES_MAX)
        return pl_err_set(err, PL_ERR_INPUT, "%s:%llu: longer than %u bytes", lines->path,
                          (unsigned long long)lines->number, PL_LINES_BYTES_MAX);
    if (len > 0 && lines->text[len - 1] == '\n')
        len--;
    if (len > 0 && lines->text[len - 1] == '\r')
        len--;
    *line = (struct pl_span){lines->text, (size_t)len};
    return PL_OK;
}

void pl_lines_close(struct pl_lines *lines)
{
    if (lines->file && lines->file != stdin)
        fclose(lines->file); /* gzip ends by itself when nobody reads */
    lines->file = NULL;
    (void)reap(lines, NULL);
    free(lines->text);
    lines->text = NULL;
}
