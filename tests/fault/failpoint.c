/* The side of util/failpoint.h that does something. Linked into plateaud_fault only.
 *
 * PLATEAUD_FAILPOINT=NAME@N:ACTION arms one point:
 *   kill     at hit N the process is killed, as by kill -9
 *   kill+US  the same, so many microseconds later: what was just sent has left, and may have been answered
 *   error    at every Nth hit the caller is refused
 *   wait+US  at every Nth hit the thread stands still for so many microseconds
 * Each time it says so on standard error, so that a test can count.
 */
#include "util/failpoint.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static char armed[64], action[16];
static unsigned long number;
static long delay_us;
static atomic_ulong hits;

static void read_environment(void)
{
    const char *text = getenv("PLATEAUD_FAILPOINT");

    if (!text)
        return;
    if (sscanf(text, "%63[^@]@%lu:%15[a-z]+%ld", armed, &number, action, &delay_us) < 3 || number == 0) {
        fprintf(stderr, "failpoint: \"%s\" is not NAME@N:ACTION\n", text);
        _exit(2);
    }
}

static void say(void)
{
    char line[160];
    int len = snprintf(line, sizeof(line), "event=failpoint name=%s action=%s\n", armed, action);

    if (write(STDERR_FILENO, line, (size_t)len) < 0)
        abort();
}

static void stand_still(void)
{
    const struct timespec time = {delay_us / 1000000, delay_us % 1000000 * 1000};

    nanosleep(&time, NULL);
}

static void *kill_later(void *unused)
{
    stand_still();
    kill(getpid(), SIGKILL);
    return unused;
}

static void kill_us(void)
{
    pthread_t thread;

    if (delay_us == 0)
        kill_later(NULL);
    if (pthread_create(&thread, NULL, kill_later, NULL))
        abort();
    pthread_detach(thread);
}

bool pl_failpoint_hit(const char *name)
{
    bool is_kill, is_wait;
    unsigned long hit;

    pthread_once(&once, read_environment);
    if (strcmp(name, armed) != 0)
        return false;
    is_kill = strcmp(action, "kill") == 0;
    is_wait = strcmp(action, "wait") == 0;
    hit = atomic_fetch_add(&hits, 1) + 1;
    if (is_kill ? hit != number : hit % number != 0)
        return false;
    say();
    if (is_kill)
        kill_us();
    else if (is_wait)
        stand_still();
    return !is_kill && !is_wait;
}
