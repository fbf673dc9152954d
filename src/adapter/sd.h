/* systemd's readiness protocol, in our own few lines: a datagram to $NOTIFY_SOCKET. No-ops without a socket.
 */
#ifndef PL_ADAPTER_SD_H
#define PL_ADAPTER_SD_H

#include <stdbool.h>
#include <stdint.h>

/* READY=1, RELOADING=1 with MONOTONIC_USEC, STOPPING=1, WATCHDOG=1, STATUS=text. */
void pl_sd_ready(const char *status);
void pl_sd_reloading(void);
void pl_sd_stopping(void);
void pl_sd_watchdog(void);
void pl_sd_status(const char *status);

/* Half of $WATCHDOG_USEC when this process is watched, else 0. */
int64_t pl_sd_watchdog_interval_us(void);

#endif
