/* A private redis-server for a test: own temporary directory, unix socket and loopback port, ended by its pid; and a
 * blocking client of its own (hiredis) to look at it independently of the code under test. */
#ifndef PL_TESTS_SUPPORT_REDIS_SERVER_H
#define PL_TESTS_SUPPORT_REDIS_SERVER_H

#include <arpa/inet.h>
#include <ftw.h>
#include <hiredis/hiredis.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define TEST_ARGS_MAX 48

struct test_redis {
    pid_t pid;
    int port; /* loopback; TLS when the arguments say tls-port */
    char dir[64];
    char socket[96];
    char url[112]; /* of the unix socket */
    char port_text[8];
    const char *args[TEST_ARGS_MAX]; /* extra arguments; ref */
};

static inline void test_die(const char *what)
{
    perror(what);
    abort();
}

static inline int test_free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&address, len) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &len) != 0)
        test_die("free port");
    close(fd);
    return ntohs(address.sin_port);
}

static inline redisContext *test_redis_connect(const struct test_redis *server)
{
    redisContext *client = redisConnectUnix(server->socket);

    if (client && client->err) {
        redisFree(client);
        client = NULL;
    }
    return client;
}

static inline void test_redis_wait(const struct test_redis *server)
{
    for (int tries = 0; tries < 2000; tries++) {
        redisContext *client = test_redis_connect(server);
        int status;

        if (client) {
            redisReply *reply = redisCommand(client, "PING");
            bool loading = !reply || (reply->type == REDIS_REPLY_ERROR && strncmp(reply->str, "LOADING", 7) == 0);

            if (reply)
                freeReplyObject(reply);
            redisFree(client);
            if (!loading)
                return;
        }
        if (waitpid(server->pid, &status, WNOHANG) == server->pid)
            break;
        usleep(5000);
    }
    fprintf(stderr, "redis-server in %s did not start\n", server->dir);
    abort();
}

static inline void test_redis_run(struct test_redis *server)
{
    const char *argv[TEST_ARGS_MAX + 16] = {"redis-server"};
    size_t argc = 1;
    bool plain = true;

    for (size_t at = 0; server->args[at]; at++)
        plain = plain && strcmp(server->args[at], "--tls-port") != 0;
    if (server->args[0] && server->args[0][0] == '/') /* a configuration file comes first */
        argv[argc++] = server->args[0];
    for (const char **arg =
             (const char *[]){"--bind", "127.0.0.1", "--unixsocket", server->socket, "--save", "", "--dir", server->dir,
                              "--daemonize", "no", "--logfile", "log", "--port", plain ? server->port_text : "0", NULL};
         *arg; arg++)
        argv[argc++] = *arg;
    for (size_t at = argc > 1 && server->args[0] == argv[1] ? 1 : 0; server->args[at]; at++)
        argv[argc++] = server->args[at];
    argv[argc] = NULL;
    server->pid = fork();
    if (server->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        execvp("redis-server", (char **)argv);
        _exit(127);
    }
    if (server->pid < 0)
        test_die("fork");
    test_redis_wait(server);
}

/* Extra arguments are texts that live as long as the server, ended by NULL; "PORT" stands for its port. */
static inline void test_redis_start(struct test_redis *server, const char *const *args)
{
    memset(server, 0, sizeof(*server));
    strcpy(server->dir, "/tmp/plateaud-test-XXXXXX");
    if (!mkdtemp(server->dir))
        test_die("mkdtemp");
    snprintf(server->socket, sizeof(server->socket), "%s/redis.sock", server->dir);
    snprintf(server->url, sizeof(server->url), "unix://%s", server->socket);
    server->port = test_free_port();
    snprintf(server->port_text, sizeof(server->port_text), "%d", server->port);
    for (size_t at = 0; args && args[at]; at++)
        server->args[at] = strcmp(args[at], "PORT") == 0 ? server->port_text : args[at];
    test_redis_run(server);
}

static inline void test_redis_kill(struct test_redis *server)
{
    if (server->pid <= 0)
        return;
    kill(server->pid, SIGKILL);
    waitpid(server->pid, NULL, 0);
    server->pid = 0;
}

static inline int test_remove_one(const char *path, const struct stat *info, int kind, struct FTW *where)
{
    (void)info, (void)kind, (void)where;
    return remove(path);
}

static inline void test_redis_stop(struct test_redis *server)
{
    test_redis_kill(server);
    nftw(server->dir, test_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* One command by an independent client; aborts when it cannot be sent. The caller frees the reply. */
static inline redisReply *test_redis_ask(const struct test_redis *server, const char *format, ...)
{
    redisContext *client = test_redis_connect(server);
    redisReply *reply = NULL;
    va_list args;

    va_start(args, format);
    if (client)
        reply = redisvCommand(client, format, args);
    va_end(args);
    if (!reply)
        test_die("redis client");
    redisFree(client);
    return reply;
}

/* The same for commands that must answer +OK. */
#define test_redis_do(server, ...)                                                                                     \
    do {                                                                                                               \
        redisReply *done_ = test_redis_ask(server, __VA_ARGS__);                                                       \
                                                                                                                       \
        assert_int_equal(done_->type, REDIS_REPLY_STATUS);                                                             \
        freeReplyObject(done_);                                                                                        \
    } while (0)

#endif
