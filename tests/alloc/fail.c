/* Allocations that fail, for every test program of a build with the address sanitizer: the linker's --wrap sends
 * malloc, calloc, realloc and strdup of our code here, and cJSON and libevent are told to use them too.
 *
 * Without PL_ALLOC_RUNS nothing changes. With it the program, before its main, forks once to count the allocations of a
 * run and then for each of PL_ALLOC_RUNS numbers spread over that count: there the allocation of that number returns
 * NULL, in every second run all that follow as well. 0: every number, both ways. Each such run must end as a test ends:
 * with its exit code, or at the first assertion that notices. There the memory that nobody holds any more is looked for
 * at once, while the frames of the test still hold theirs. What ends otherwise is printed whole.
 */
#include <dlfcn.h>
#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *old, size_t size);
char *__real_strdup(const char *text);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *old, size_t size);
char *__wrap_strdup(const char *text);
void _fail(const char *file, int line);

/* What only some of the programs are linked with. */
struct hooks {
    void *(*allocate)(size_t size);
    void (*release)(void *memory);
};
void cJSON_InitHooks(struct hooks *hooks) __attribute__((weak));
extern __typeof__(event_set_mem_functions) event_set_mem_functions __attribute__((weak));
int __lsan_do_recoverable_leak_check(void);
void __lsan_do_leak_check(void);

#define NOTICED 0
#define LEAKED 23
#define DIED 24

static unsigned long *counted; /* shared with the children */
static unsigned long failing;  /* 0: none */
static bool all_after;
static unsigned long made;

static bool fails(void)
{
    made++;
    if (counted)
        *counted = made;
    return failing && (made == failing || (all_after && made > failing));
}

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
    return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return fails() ? NULL : __real_realloc(old, size);
}

char *__wrap_strdup(const char *text)
{
    return fails() ? NULL : __real_strdup(text);
}

/* An assertion of the test that does not hold, in front of cmocka's. */
void _fail(const char *file, int line)
{
    static void (*real)(const char *file, int line);

    if (failing) {
        failing = 0;
        fflush(NULL);
        _exit(__lsan_do_recoverable_leak_check() ? LEAKED : NOTICED);
    }
    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "_fail");
    real(file, line);
    abort();
}

static void run_here(unsigned long number, bool others, FILE *output)
{
    struct hooks hooks = {__wrap_malloc, free};

    dup2(fileno(output), STDOUT_FILENO);
    dup2(fileno(output), STDERR_FILENO);
    failing = number;
    all_after = others;
    made = 0;
    alarm(120); /* a run that hangs dies of it, whoever waits for us */
    if (cJSON_InitHooks)
        cJSON_InitHooks(&hooks);
    if (event_set_mem_functions)
        event_set_mem_functions(__wrap_malloc, __wrap_realloc, free);
}

static void print_whole(FILE *output, const char *what)
{
    char line[4096];

    printf("== %s\n", what);
    rewind(output);
    while (fgets(line, sizeof(line), output))
        printf("%s", line);
    fflush(stdout);
}

/* In the child: true, go on to main. In the parent: how it ended. */
static bool run(unsigned long number, bool others, unsigned *bad)
{
    FILE *output = tmpfile();
    int status;
    pid_t child;

    fflush(NULL);
    child = output ? fork() : -1;
    if (child == 0) {
        run_here(number, others, output);
        return true;
    }
    if (child < 0 || waitpid(child, &status, 0) != child)
        abort();
    if (WIFSIGNALED(status) || WEXITSTATUS(status) == LEAKED || WEXITSTATUS(status) == DIED ||
        (number == 0 && status != 0)) {
        char what[64];

        snprintf(what, sizeof(what), "allocation %lu%s: %s %d", number, others ? " and all that follow" : "",
                 WIFSIGNALED(status) ? "signal" : "exit", WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
        print_whole(output, what);
        ++*bad;
    }
    fclose(output);
    return false;
}

__attribute__((constructor(65535))) static void sweep(void)
{
    const char *text = getenv("PL_ALLOC_RUNS");
    unsigned long runs, total, step;
    unsigned bad = 0, done = 0;

    if (!text)
        return;
    runs = strtoul(text, NULL, 10);
    counted = mmap(NULL, sizeof(*counted), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (counted == MAP_FAILED)
        abort();
    if (run(0, false, &bad))
        return;
    total = *counted;
    step = runs && runs < total ? total / runs : 1;
    for (unsigned long number = 1; number <= total && (!runs || done < runs); number += step) {
        if ((!runs || done % 2 == 0) && run(number, false, &bad))
            return;
        if ((!runs || done % 2) && run(number, true, &bad))
            return;
        done++;
    }
    printf("%lu allocations, %u of them failed, %u bad\n", total, done, bad);
    fflush(stdout);
    _exit(bad != 0);
}
