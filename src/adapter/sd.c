#include "adapter/sd.h"

#include "adapter/clock.h"
#include "util/buf.h"
#include "util/num.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define MESSAGE_BYTES 1024

/* The address of $NOTIFY_SOCKET: a path, or an abstract name that is written with `@`. Its length, 0 when there is
 * none. */
static socklen_t notify_address(struct sockaddr_un *address)
{
    const char *name = getenv("NOTIFY_SOCKET");
    size_t len = name ? strlen(name) : 0;

    if (len < 2 || (name[0] != '/' && name[0] != '@') || len >= sizeof(address->sun_path))
        return 0;
    memset(address, 0, sizeof(*address));
    address->sun_family = AF_UNIX;
    memcpy(address->sun_path, name, len);
    if (name[0] == '@')
        address->sun_path[0] = '\0'; /* an abstract name is exactly as long as its text */
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len + (name[0] == '/'));
}

/* Readiness is a courtesy: a manager that does not listen must not be able to stop us, so failures are ignored and the
 * datagram never waits. */
static void send_message(const struct pl_buf *message)
{
    struct sockaddr_un address;
    socklen_t address_len = notify_address(&address);
    int fd;

    if (address_len == 0 || !pl_buf_ok(message))
        return;
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    (void)!sendto(fd, message->ptr, message->len, MSG_NOSIGNAL | MSG_DONTWAIT, (struct sockaddr *)&address,
                  address_len);
    close(fd);
}

/* STATUS= takes the rest of its line: a line break in the text would begin a new assignment. */
static void add_status(struct pl_buf *message, const char *status)
{
    size_t start;

    if (!status)
        return;
    pl_buf_add_text(message, "STATUS=");
    start = message->len;
    pl_buf_addf(message, "%.512s\n", status);
    if (!pl_buf_ok(message))
        return;
    for (size_t i = start; i + 1 < message->len; i++)
        if (message->ptr[i] == '\n')
            message->ptr[i] = ' ';
}

static void notify(const char *assignments, const char *status)
{
    struct pl_buf message;

    pl_buf_init(&message, MESSAGE_BYTES);
    pl_buf_add_text(&message, assignments);
    add_status(&message, status);
    send_message(&message);
    pl_buf_fini(&message);
}

void pl_sd_ready(const char *status)
{
    notify("READY=1\n", status);
}

void pl_sd_reloading(void)
{
    struct pl_buf message;

    /* Type=notify-reload (systemd 253) fails a reload without the time; older managers ignore it. */
    pl_buf_init(&message, MESSAGE_BYTES);
    pl_buf_addf(&message, "RELOADING=1\nMONOTONIC_USEC=%lld\n", (long long)pl_clock_monotonic_us());
    send_message(&message);
    pl_buf_fini(&message);
}

void pl_sd_stopping(void)
{
    notify("STOPPING=1\n", NULL);
}

void pl_sd_watchdog(void)
{
    notify("WATCHDOG=1\n", NULL);
}

void pl_sd_status(const char *status)
{
    if (status)
        notify("", status);
}

int64_t pl_sd_watchdog_interval_us(void)
{
    const char *usec = getenv("WATCHDOG_USEC");
    const char *pid = getenv("WATCHDOG_PID");
    int64_t value;

    if (!usec || !pl_num_int(pl_span_of(usec), &value) || value < 2)
        return 0;
    if (pid) {
        int64_t watched;

        /* The variables are inherited: a child of the watched process is not watched itself. */
        if (!pl_num_int(pl_span_of(pid), &watched) || watched != (int64_t)getpid())
            return 0;
    }
    return value / 2;
}
