/* The daemon: constructs everything, runs the control loop (signals, HTTP, evaluator, systemd), drains, destroys.
 *
 * Signals: TERM and INT drain and exit, a second one exits at once; HUP reloads; PIPE is ignored.
 */
#ifndef PL_APP_DAEMON_H
#define PL_APP_DAEMON_H

/* Exit codes, also of `-t`; the unit file relies on BAD_CONFIG. */
enum pl_exit {
    PL_EXIT_OK = 0,
    PL_EXIT_FAILED = 1,     /* could not start, or a drain was given up */
    PL_EXIT_BAD_CONFIG = 2, /* command line or configuration: restarting does not help */
};

/* Run with the configuration at path until told to stop. */
enum pl_exit pl_daemon_run(const char *conf_path);

#endif
