/* To be preloaded: the wall clock is what a file of two numbers says, {microseconds to add, instead (or 0): the time at
 * which it stands still}. Other clocks, and what waits for a time, are left alone.
 *
 * libfaketime will not do: it changes timespec_get but not the C11 cnd_timedwait to which librdkafka gives that time,
 * so a jump ahead would make its threads wait for as long, which no real jump does.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *told;

__attribute__((constructor)) static void open_file(void)
{
    const char *path = getenv("WALL_CLOCK");
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    void *map = fd < 0 ? MAP_FAILED : mmap(NULL, 16, PROT_READ, MAP_SHARED, fd, 0);

    if (map == MAP_FAILED)
        _exit(3);
    told = map;
}

static int64_t now_us(void)
{
    struct timespec real;

    syscall(SYS_clock_gettime, CLOCK_REALTIME, &real);
    if (!told)
        return real.tv_sec * INT64_C(1000000) + real.tv_nsec / 1000;
    return told[1] ? told[1] : real.tv_sec * INT64_C(1000000) + real.tv_nsec / 1000 + told[0];
}

int clock_gettime(clockid_t clock, struct timespec *out)
{
    int64_t us;

    if (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE)
        return (int)syscall(SYS_clock_gettime, clock, out);
    us = now_us();
    *out = (struct timespec){us / 1000000, us % 1000000 * 1000};
    return 0;
}

int gettimeofday(struct timeval *restrict out, void *restrict zone)
{
    int64_t us = now_us();

    (void)zone;
    *out = (struct timeval){us / 1000000, us % 1000000};
    return 0;
}

time_t time(time_t *out)
{
    time_t now = now_us() / 1000000;

    if (out)
        *out = now;
    return now;
}
