#include "adapter/sd.h"

#include "adapter/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

struct manager {
    int fd;
    char dir[64];
    char path[128];
    char text[4096];
};

/* A manager's socket: a path in a directory of its own, or an abstract name ('@'). */
static void manager_begin(struct manager *manager, bool abstract)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t len;

    strcpy(manager->dir, "/tmp/plateaud-sd-XXXXXX");
    assert_non_null(mkdtemp(manager->dir));
    if (abstract)
        snprintf(manager->path, sizeof(manager->path), "@plateaud-test%s", strrchr(manager->dir, '-'));
    else
        snprintf(manager->path, sizeof(manager->path), "%s/notify", manager->dir);
    len = strlen(manager->path);
    memcpy(address.sun_path, manager->path, len);
    if (abstract)
        address.sun_path[0] = '\0';
    manager->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    assert_true(manager->fd >= 0);
    assert_int_equal(bind(manager->fd, (struct sockaddr *)&address,
                          (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len + (abstract ? 0 : 1))),
                     0);
    setenv("NOTIFY_SOCKET", manager->path, 1);
}

static void manager_end(struct manager *manager)
{
    unsetenv("NOTIFY_SOCKET");
    close(manager->fd);
    unlink(manager->path);
    rmdir(manager->dir);
}

static const char *manager_next(struct manager *manager)
{
    ssize_t len = recv(manager->fd, manager->text, sizeof(manager->text) - 1, 0);

    if (len < 0)
        return NULL;
    manager->text[len] = '\0';
    return manager->text;
}

static void check_messages(bool abstract)
{
    struct manager manager;
    long long before, told = 0;
    const char *text;

    manager_begin(&manager, abstract);
    pl_sd_ready("2 workers, 8 partitions");
    assert_string_equal(manager_next(&manager), "READY=1\nSTATUS=2 workers, 8 partitions\n");
    pl_sd_ready(NULL);
    assert_string_equal(manager_next(&manager), "READY=1\n");
    pl_sd_stopping();
    assert_string_equal(manager_next(&manager), "STOPPING=1\n");
    pl_sd_watchdog();
    assert_string_equal(manager_next(&manager), "WATCHDOG=1\n");
    pl_sd_status("lag 12");
    assert_string_equal(manager_next(&manager), "STATUS=lag 12\n");
    pl_sd_status(NULL);
    assert_null(manager_next(&manager));
    before = (long long)pl_clock_monotonic_us();
    pl_sd_reloading();
    text = manager_next(&manager);
    assert_non_null(text);
    assert_int_equal(sscanf(text, "RELOADING=1\nMONOTONIC_USEC=%lld\n", &told), 1);
    assert_true(told >= before && told <= (long long)pl_clock_monotonic_us());
    assert_null(manager_next(&manager));
    manager_end(&manager);
}

static void test_path_socket(void **state)
{
    (void)state;
    check_messages(false);
}

static void test_abstract_socket(void **state)
{
    (void)state;
    check_messages(true);
}

static void test_status_is_one_assignment(void **state)
{
    struct manager manager;
    char longer[2000];

    (void)state;
    manager_begin(&manager, false);
    pl_sd_status("a\nREADY=1\n");
    assert_string_equal(manager_next(&manager), "STATUS=a READY=1 \n");
    memset(longer, 'x', sizeof(longer));
    longer[sizeof(longer) - 1] = '\0';
    pl_sd_status(longer);
    assert_int_equal(strlen(manager_next(&manager)), strlen("STATUS=") + 512 + 1);
    manager_end(&manager);
}

static void test_no_socket_is_no_error(void **state)
{
    static const char *const bad[] = {"", "/", "@", "relative/path", "vsock:2:1", "/nonexistent/plateaud/notify"};
    char longer[200];

    (void)state;
    unsetenv("NOTIFY_SOCKET");
    pl_sd_ready("x");
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        setenv("NOTIFY_SOCKET", bad[i], 1);
        pl_sd_ready("x");
        pl_sd_reloading();
    }
    memset(longer, 'x', sizeof(longer));
    longer[0] = '/';
    longer[sizeof(longer) - 1] = '\0';
    setenv("NOTIFY_SOCKET", longer, 1);
    pl_sd_ready("x");
    unsetenv("NOTIFY_SOCKET");
}

/* Nobody reads: the queue fills, and notifying must return all the same. */
static void test_full_manager_does_not_block(void **state)
{
    struct manager manager;
    int n = 0;

    (void)state;
    manager_begin(&manager, false);
    for (int i = 0; i < 5000; i++)
        pl_sd_watchdog();
    while (manager_next(&manager))
        n++;
    assert_in_range(n, 1, 4999);
    manager_end(&manager);
}

static void test_watchdog_interval(void **state)
{
    char pid[32];

    (void)state;
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
    assert_int_equal(pl_sd_watchdog_interval_us(), 0);
    setenv("WATCHDOG_USEC", "30000000", 1);
    assert_int_equal(pl_sd_watchdog_interval_us(), 15000000);
    snprintf(pid, sizeof(pid), "%ld", (long)getpid());
    setenv("WATCHDOG_PID", pid, 1);
    assert_int_equal(pl_sd_watchdog_interval_us(), 15000000);
    snprintf(pid, sizeof(pid), "%ld", (long)getpid() + 1);
    setenv("WATCHDOG_PID", pid, 1);
    assert_int_equal(pl_sd_watchdog_interval_us(), 0);
    setenv("WATCHDOG_PID", "me", 1);
    assert_int_equal(pl_sd_watchdog_interval_us(), 0);
    unsetenv("WATCHDOG_PID");
    setenv("WATCHDOG_USEC", "30s", 1);
    assert_int_equal(pl_sd_watchdog_interval_us(), 0);
    setenv("WATCHDOG_USEC", "-5", 1);
    assert_int_equal(pl_sd_watchdog_interval_us(), 0);
    unsetenv("WATCHDOG_USEC");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_path_socket),
        cmocka_unit_test(test_abstract_socket),
        cmocka_unit_test(test_status_is_one_assignment),
        cmocka_unit_test(test_no_socket_is_no_error),
        cmocka_unit_test(test_full_manager_does_not_block),
        cmocka_unit_test(test_watchdog_interval),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
