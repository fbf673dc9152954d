/* plateauctl: what people ask plateaud and tell it, one command per file ctl_NAME.c.
 *
 * Every command prints data to stdout and messages to stderr, prints its help with --help, and returns its exit code:
 * 0 yes, done; 1 no, or refused; 2 could not be found out (server, file or configuration not readable); 64 wrong usage.
 */
#ifndef PL_CTL_CTL_H
#define PL_CTL_CTL_H

#define PL_CTL_OK 0
#define PL_CTL_NO 1
#define PL_CTL_FAILED 2
#define PL_CTL_USAGE 64

/* argv[0] is the name of the command. */
int pl_ctl_accept(int argc, char **argv);
int pl_ctl_alerts(int argc, char **argv);
int pl_ctl_balance(int argc, char **argv);
int pl_ctl_check(int argc, char **argv);
int pl_ctl_completion(int argc, char **argv);
int pl_ctl_digest(int argc, char **argv);
int pl_ctl_discover(int argc, char **argv);
int pl_ctl_explain(int argc, char **argv);
int pl_ctl_forward(int argc, char **argv);
int pl_ctl_import(int argc, char **argv);
int pl_ctl_map(int argc, char **argv);
int pl_ctl_replay(int argc, char **argv);
int pl_ctl_simulate(int argc, char **argv);
int pl_ctl_status(int argc, char **argv);
int pl_ctl_tap(int argc, char **argv);
int pl_ctl_test_alert(int argc, char **argv);
int pl_ctl_tradeoff(int argc, char **argv);
int pl_ctl_worth(int argc, char **argv);

#endif
