#include "app/reload.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HEAD                                                                                                           \
    "[kafka]\nbootstrap.servers = k:9092\n[source events]\ntopics = t\n[redis]\nurl = redis://127.0.0.1:6379/0\n"
#define CHECKOUT "[area checkout]\nowner = a\nexperiments = c_*\ngoal = Order Completed\nsmallest_return = "
#define SEARCH "[area search]\nowner = b\nexperiments = s_*\ngoal = Result Clicked\n"

struct fixture {
    char dir[64];
    char path[96];
    struct pl_shared shared;
    struct pl_reload reload;
};

static void write_conf(const struct fixture *f, const char *text)
{
    FILE *file = fopen(f->path, "w");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    struct pl_conf *conf;

    snprintf(f->dir, sizeof(f->dir), "/tmp/test_reload.XXXXXX");
    if (!mkdtemp(f->dir))
        return -1;
    snprintf(f->path, sizeof(f->path), "%s/plateaud.conf", f->dir);
    write_conf(f, HEAD CHECKOUT "0.2%\n" SEARCH);
    if (pl_conf_load(f->path, &conf, NULL))
        return -1;
    pl_reload_init(&f->reload, &f->shared, conf);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    pl_reload_fini(&f->reload);
    unlink(f->path);
    rmdir(f->dir);
    free(f);
    return 0;
}

static void a_change_is_published_and_the_old_one_kept(void **state)
{
    struct fixture *f = *state;
    const struct pl_conf *old = atomic_load(&f->shared.conf);

    write_conf(f, HEAD SEARCH CHECKOUT "0.5%\n"); /* areas in another order, too */
    assert_true(pl_reload_run(&f->reload, &f->shared, f->path));
    assert_int_equal(atomic_load(&f->shared.generation), 1);
    assert_ptr_not_equal(atomic_load(&f->shared.conf), old);
    assert_string_equal(atomic_load(&f->shared.conf)->rules->areas[0].id, "search");
    assert_true(atomic_load(&f->shared.conf)->rules->areas[1].smallest_return > .0049);
    assert_string_equal(old->rules->areas[0].id, "checkout"); /* somebody may still read it */
    pl_reload_forget(&f->reload, 0);
    assert_int_equal(f->reload.n_old, 1);
    pl_reload_forget(&f->reload, 1);
    assert_int_equal(f->reload.n_old, 0);
}

static void what_cannot_be_is_refused_whole(void **state)
{
    const char *const bad[] = {
        HEAD CHECKOUT "much\n" SEARCH,                                  /* no number */
        HEAD CHECKOUT "0.2%\n",                                         /* an area goes */
        "[plateaud]\ninstance = other\n" HEAD CHECKOUT "0.2%\n" SEARCH, /* not while running */
        HEAD CHECKOUT "0.2%\n" SEARCH "[source more]\ntopics = u\n",    /* nor another source */
        "",
    };
    struct fixture *f = *state;
    const struct pl_conf *old = atomic_load(&f->shared.conf);

    for (size_t at = 0; at < sizeof(bad) / sizeof(*bad); at++) {
        write_conf(f, bad[at]);
        assert_false(pl_reload_run(&f->reload, &f->shared, f->path));
        assert_false(f->reload.last_ok);
        assert_ptr_equal(atomic_load(&f->shared.conf), old);
        assert_int_equal(atomic_load(&f->shared.generation), 0);
        assert_int_equal(f->reload.n_old, 0);
    }
    unlink(f->path);
    assert_false(pl_reload_run(&f->reload, &f->shared, f->path));
    write_conf(f, HEAD CHECKOUT "0.3%\n" SEARCH);
    assert_true(pl_reload_run(&f->reload, &f->shared, f->path));
    assert_true(f->reload.last_ok);
}

static void old_ones_are_bounded_and_freed_in_their_order(void **state)
{
    struct fixture *f = *state;

    for (unsigned n = 0; n < PL_RELOAD_OLD_MAX; n++)
        assert_true(pl_reload_run(&f->reload, &f->shared, f->path));
    assert_false(pl_reload_run(&f->reload, &f->shared, f->path)); /* nobody has switched */
    pl_reload_forget(&f->reload, 3);
    assert_int_equal(f->reload.n_old, PL_RELOAD_OLD_MAX - 3);
    assert_int_equal(f->reload.old[0].until, 4);
    assert_true(pl_reload_run(&f->reload, &f->shared, f->path));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_change_is_published_and_the_old_one_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(what_cannot_be_is_refused_whole, setup, teardown),
        cmocka_unit_test_setup_teardown(old_ones_are_bounded_and_freed_in_their_order, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
