/* Redis, as far as plateaud uses it: hashes and streams, MULTI, WATCH, the script of acquire by its meaning, and going
 * back to an earlier moment (an older append-only file).
 */
#include "sim_redis.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEYS_MAX 1024 /* a power of two */
#define ARGV_MAX 1024

struct sim_field {
    struct pl_span name, value;
    uint64_t number; /* of a stream's entry, by which entries are ordered; 0 in hashes */
};

struct sim_key {
    struct sim_key *next;
    struct pl_span name;
    unsigned slot;
    struct sim_field *fields;
    unsigned n, cap;
    uint64_t last; /* id of a stream */
};

/* How it was before: the way back. */
struct undo {
    struct sim_key *key;
    struct pl_span name, value;
    uint64_t number;
};

static struct sim_key *keys[KEYS_MAX];
static struct undo *undo;
static size_t n_undo, cap_undo;
static size_t *moments; /* lengths of undo between which something was carried out as a whole */
static size_t n_moments, cap_moments;
static unsigned refusing;
static bool loading;

static const struct pl_reply ok = {.type = PL_REPLY_STATUS, .text = {"OK", 2}};
static const struct pl_reply queued = {.type = PL_REPLY_STATUS, .text = {"QUEUED", 6}};
static const struct pl_reply nil = {.type = PL_REPLY_NIL};

void sim_store_reset(void)
{
    memset(keys, 0, sizeof(keys));
    n_undo = n_moments = 0;
    refusing = 0;
}

/* ---- replies ---- */

static const struct pl_reply *integer(int64_t value)
{
    struct pl_reply *reply = sim_alloc(sizeof(*reply));

    *reply = (struct pl_reply){.type = PL_REPLY_INTEGER, .integer = value};
    return reply;
}

static const struct pl_reply *error(const char *text)
{
    struct pl_reply *reply = sim_alloc(sizeof(*reply));

    *reply = (struct pl_reply){.type = PL_REPLY_ERROR, .text = pl_span_of(text)};
    return reply;
}

static struct pl_reply *array(size_t n)
{
    struct pl_reply *reply = sim_alloc(sizeof(*reply) * (n + 1));

    memset(reply, 0, sizeof(*reply) * (n + 1));
    reply[0] = (struct pl_reply){.type = PL_REPLY_ARRAY, .n = n, .elements = reply + 1};
    return reply;
}

static void put_text(struct pl_reply *reply, struct pl_span text)
{
    reply->type = text.ptr ? PL_REPLY_STRING : PL_REPLY_NIL;
    reply->text = text;
}

/* ---- keys and fields ---- */

static bool same(struct pl_span a, struct pl_span b)
{
    return a.len == b.len && memcmp(a.ptr, b.ptr, a.len) == 0;
}

static unsigned slot_of(struct pl_span name)
{
    const char *slash = memchr(name.ptr, '/', name.len);

    return slash && slash[1] >= '0' && slash[1] < '0' + SIM_PARTITIONS ? (unsigned)(slash[1] - '0') : SIM_MAIN;
}

static struct sim_key *find_key(struct pl_span name, bool make)
{
    uint32_t hash = 5381;
    struct sim_key **place, *key;

    for (size_t at = 0; at < name.len; at++)
        hash = hash * 33 + (unsigned char)name.ptr[at];
    for (place = &keys[hash % KEYS_MAX]; *place; place = &(*place)->next)
        if (same((*place)->name, name))
            return *place;
    if (!make)
        return NULL;
    key = *place = sim_alloc(sizeof(*key));
    *key = (struct sim_key){.name = sim_copy(name), .slot = slot_of(name)};
    return key;
}

static struct sim_field *find_field(const struct sim_key *key, struct pl_span name)
{
    for (unsigned at = 0; key && at < key->n; at++)
        if (same(key->fields[at].name, name))
            return &key->fields[at];
    return NULL;
}

static void touch(const struct sim_key *key)
{
    for (unsigned c = 0; c < SIM_CONNS; c++) {
        struct sim_conn *conn = sim_net_conn(c);

        for (unsigned at = 0; conn && at < conn->n_watched; at++)
            conn->touched = conn->touched || conn->watched[at] == key;
    }
}

static void remember(struct sim_key *key, struct pl_span name, struct pl_span value, uint64_t number)
{
    if (n_undo == cap_undo) {
        cap_undo = cap_undo ? 2 * cap_undo : 1024;
        undo = realloc(undo, cap_undo * sizeof(*undo));
        if (!undo)
            abort();
    }
    undo[n_undo++] = (struct undo){key, name, value, number};
}

static void insert(struct sim_key *key, struct sim_field field)
{
    unsigned place = key->n;

    if (key->n == key->cap) {
        struct sim_field *grown = sim_alloc(sizeof(*grown) * (key->cap ? 2 * key->cap : 8));

        if (key->n)
            memcpy(grown, key->fields, key->n * sizeof(*grown));
        key->fields = grown;
        key->cap = key->cap ? 2 * key->cap : 8;
    }
    while (field.number && place > 0 && key->fields[place - 1].number > field.number)
        place--;
    memmove(&key->fields[place + 1], &key->fields[place], (key->n - place) * sizeof(field));
    key->fields[place] = field;
    key->n++;
}

/* value.ptr NULL: delete. Everything stays in the arena, so old values need no copy. */
static void put(struct sim_key *key, struct pl_span name, struct pl_span value, uint64_t number)
{
    struct sim_field *field = find_field(key, name);

    remember(key, field ? field->name : name, field ? field->value : (struct pl_span){0}, number);
    touch(key);
    if (field && value.ptr) {
        field->value = value;
    } else if (field) {
        key->n--;
        memmove(field, field + 1, (size_t)(key->fields + key->n - field) * sizeof(*field));
    } else if (value.ptr) {
        insert(key, (struct sim_field){name, value, number});
    }
}

static void put_last(struct sim_key *key, uint64_t last)
{
    remember(key, (struct pl_span){0}, (struct pl_span){0}, key->last);
    key->last = last;
}

/* Something was carried out as a whole: a moment that the store may go back to. */
static void mark_moment(void)
{
    if (n_moments && moments[n_moments - 1] == n_undo)
        return;
    if (n_moments == cap_moments) {
        cap_moments = cap_moments ? 2 * cap_moments : 256;
        moments = realloc(moments, cap_moments * sizeof(*moments));
        if (!moments)
            abort();
    }
    moments[n_moments++] = n_undo;
}

void sim_store_roll_back(int slot)
{
    size_t back = n_moments ? (size_t)sim_below(n_moments < 12 ? (unsigned)n_moments + 1 : 12) : 0;
    size_t to = back < n_moments ? moments[n_moments - 1 - back] : 0;

    if (sim_chance(40))
        to = 0;
    for (size_t at = n_undo; at-- > to;) {
        struct undo was = undo[at];

        if (slot >= 0 && was.key->slot != (unsigned)slot)
            continue;
        if (!was.name.ptr)
            put_last(was.key, was.number);
        else
            put(was.key, was.name, was.value, was.number);
    }
    mark_moment();
    for (unsigned s = 0; s < SIM_SLOTS; s++)
        sim.went_back[s] = sim.went_back[s] || slot < 0 || s == (unsigned)slot;
    sim.rollbacks++;
    sim_trace("redis: slot %d goes back from %zu to %zu", slot, n_undo, to);
}

void sim_store_refuse(unsigned n)
{
    refusing = n;
    loading = sim_chance(2);
}

/* ---- commands ---- */

static const struct pl_reply *all_fields(const struct sim_key *key, bool names_only, unsigned before,
                                         struct pl_reply *reply)
{
    unsigned n = key ? key->n : 0, width = names_only ? 1 : 2;
    struct pl_reply *out = reply ? reply : array(n * width + before);

    for (unsigned at = 0; at < n; at++) {
        put_text(&out[1 + before + at * width], key->fields[at].name);
        if (!names_only)
            put_text(&out[2 + before + at * width], key->fields[at].value);
    }
    return out;
}

static struct pl_span number_text(uint64_t value)
{
    char text[24];

    snprintf(text, sizeof(text), "%" PRIu64, value);
    return sim_copy(pl_span_of(text));
}

static uint64_t field_number(const struct sim_key *key, const char *name)
{
    const struct sim_field *field = find_field(key, pl_span_of(name));
    int64_t value = 0;

    return field && pl_num_int(field->value, &value) ? (uint64_t)value : 0;
}

/* Claims of one hold, whatever their numbers. */
static bool same_owner(struct pl_span a, struct pl_span b)
{
    return same(pl_span_cut(&a, '.'), pl_span_cut(&b, '.'));
}

/* What acquire_script of adapter/store.c says: EVAL script 1 key owner known-epoch. Whether Redis reads it so is shown
 * by unit.adapter.store. */
static const struct pl_reply *run_script(const struct pl_span *argv)
{
    struct sim_key *key = find_key(argv[3], true);
    uint64_t epoch = field_number(key, "epoch") + 1;
    int64_t known = 0;
    struct pl_reply *reply = array(1 + 2 * (size_t)key->n);

    all_fields(key, false, 1, reply);
    (void)pl_num_int(argv[5], &known);
    if (epoch <= (uint64_t)known && sim.mutant != SIM_EPOCH_BEHIND)
        epoch = (uint64_t)known + 1;
    if (sim.mutant == SIM_SETTLE_BY_READING && find_field(key, pl_span_of("owner")) &&
        same_owner(find_field(key, pl_span_of("owner"))->value, argv[4])) {
        put_text(&reply[1], find_field(key, pl_span_of("epoch"))->value);
        return reply;
    }
    put(key, pl_span_of("epoch"), number_text(epoch), 0);
    put(key, pl_span_of("owner"), argv[4], 0);
    if (!find_field(key, pl_span_of("seq")))
        put(key, pl_span_of("seq"), pl_span_of("0"), 0);
    put_text(&reply[1], number_text(epoch));
    return reply;
}

static bool ends(struct pl_span name, const char *with)
{
    size_t len = strlen(with);

    return name.len >= len && memcmp(name.ptr + name.len - len, with, len) == 0;
}

static const struct pl_reply *set_fields(const struct pl_span *argv, unsigned argc)
{
    struct sim_key *key = find_key(argv[1], true);

    for (unsigned at = 2; at + 1 < argc; at += 2) {
        if (key->slot != SIM_MAIN && ends(key->name, ":sums"))
            sim_check_sums(key->slot, argv[at], argv[at + 1]);
        put(key, argv[at], argv[at + 1], 0);
    }
    return integer((argc - 2) / 2);
}

static const struct pl_reply *delete_fields(const struct pl_span *argv, unsigned argc)
{
    struct sim_key *key = find_key(argv[1], true);

    for (unsigned at = 2; at < argc; at++) {
        bool sums = key->slot != SIM_MAIN && ends(key->name, ":sums") && find_field(key, argv[at]);

        put(key, argv[at], (struct pl_span){0}, 0);
        if (sums)
            sim_check_deletion(key->slot, argv[at]);
    }
    return integer(argc - 2);
}

static const struct pl_reply *delete_key(const struct pl_span *argv)
{
    struct sim_key *key = find_key(argv[1], true);

    while (key->n)
        put(key, key->fields[key->n - 1].name, (struct pl_span){0}, key->fields[key->n - 1].number);
    return integer(1);
}

static const struct pl_reply *get_fields(const struct pl_span *argv, unsigned argc)
{
    struct pl_reply *reply = array(argc - 2);

    for (unsigned at = 2; at < argc; at++) {
        const struct sim_field *field = find_field(find_key(argv[1], false), argv[at]);

        put_text(&reply[at - 1], field ? field->value : (struct pl_span){0});
    }
    return reply;
}

static uint64_t stream_number(struct pl_span id)
{
    uint64_t number = 0;

    for (size_t at = 0; at < id.len && id.ptr[at] >= '0' && id.ptr[at] <= '9'; at++)
        number = number * 10 + (uint64_t)(id.ptr[at] - '0');
    return number;
}

/* Only the streams that plateaud reads back are kept. */
static const struct pl_reply *add_entry(const struct pl_span *argv, unsigned argc)
{
    unsigned at = pl_span_is(argv[2], "MAXLEN") ? 5 : 2;
    struct sim_key *key = find_key(argv[1], true);
    uint64_t number = stream_number(argv[at]);
    struct pl_span *pairs;

    if (!ends(argv[1], ":control") && !ends(argv[1], ":results"))
        return &ok;
    if (number <= key->last)
        return error("ERR The ID specified in XADD is equal or smaller than the target stream top item");
    pairs = sim_alloc((argc - at - 1) * sizeof(*pairs));
    memcpy(pairs, argv + at + 1, (argc - at - 1) * sizeof(*pairs));
    put_last(key, number);
    put(key, argv[at], (struct pl_span){(const char *)pairs, (argc - at - 1) * sizeof(*pairs)}, number);
    return &ok;
}

static const struct pl_reply *get_entries(const struct pl_span *argv)
{
    const struct sim_key *key = find_key(argv[1], false);
    uint64_t from = argv[2].ptr[0] == '(' ? stream_number((struct pl_span){argv[2].ptr + 1, argv[2].len - 1}) : 0;
    unsigned n = key ? key->n : 0, first = 0;
    struct pl_reply *reply;

    while (first < n && key->fields[first].number <= from)
        first++;
    reply = array(n - first);
    for (unsigned at = first; at < n; at++) {
        const struct pl_span *pairs = (const struct pl_span *)key->fields[at].value.ptr;
        size_t n_pairs = key->fields[at].value.len / sizeof(*pairs);
        struct pl_reply *entry = array(2), *values = array(n_pairs);

        for (size_t pair = 0; pair < n_pairs; pair++)
            put_text(&values[1 + pair], pairs[pair]);
        put_text(&entry[1], key->fields[at].name);
        entry[2] = *values;
        reply[1 + at - first] = *entry;
    }
    return reply;
}

static const struct pl_reply *trim(const struct pl_span *argv)
{
    struct sim_key *key = find_key(argv[1], true);
    uint64_t least = stream_number(argv[3]);

    while (key->n && key->fields[0].number < least)
        put(key, key->fields[0].name, (struct pl_span){0}, key->fields[0].number);
    return integer(0);
}

static const struct pl_reply *carry_out(const struct pl_span *argv, unsigned argc)
{
    const struct pl_reply *one;

    if (pl_span_is(argv[0], "HSET"))
        return set_fields(argv, argc);
    if (pl_span_is(argv[0], "HDEL"))
        return delete_fields(argv, argc);
    if (pl_span_is(argv[0], "HGETALL"))
        return all_fields(find_key(argv[1], false), false, 0, NULL);
    if (pl_span_is(argv[0], "HKEYS"))
        return all_fields(find_key(argv[1], false), true, 0, NULL);
    if (pl_span_is(argv[0], "HMGET"))
        return get_fields(argv, argc);
    if (pl_span_is(argv[0], "HGET")) {
        one = get_fields(argv, argc);
        return &one->elements[0];
    }
    if (pl_span_is(argv[0], "EVAL"))
        return run_script(argv);
    if (pl_span_is(argv[0], "XADD"))
        return add_entry(argv, argc);
    if (pl_span_is(argv[0], "XRANGE"))
        return get_entries(argv);
    if (pl_span_is(argv[0], "XTRIM"))
        return trim(argv);
    if (pl_span_is(argv[0], "DEL"))
        return delete_key(argv);
    if (!pl_span_is(argv[0], "SADD") && !pl_span_is(argv[0], "ZADD") && !pl_span_is(argv[0], "PUBLISH"))
        sim_fail("the store is sent a command that the simulator does not know: %.*s", (int)argv[0].len, argv[0].ptr);
    return integer(1);
}

/* ---- transactions ---- */

static void end_transaction(struct sim_conn *conn)
{
    conn->multi = conn->aborted = conn->touched = false;
    conn->n_watched = conn->n_queued = 0;
}

static void enqueue(struct sim_conn *conn, struct pl_span *argv, unsigned argc)
{
    if (conn->n_queued < 64) {
        conn->queued[conn->n_queued] = argv;
        conn->n_argv[conn->n_queued++] = argc;
        return;
    }
    if (conn->n_queued == 64) {
        conn->more = sim_alloc(4096 * sizeof(*conn->more));
        conn->more_argv = sim_alloc(4096 * sizeof(*conn->more_argv));
    }
    if (conn->n_queued - 64 >= 4096) {
        sim_fail("a transaction of more than 4,160 commands");
        return;
    }
    conn->more[conn->n_queued - 64] = argv;
    conn->more_argv[conn->n_queued++ - 64] = argc;
}

static const struct pl_span *queued_argv(const struct sim_conn *conn, unsigned at, unsigned *argc)
{
    *argc = at < 64 ? conn->n_argv[at] : conn->more_argv[at - 64];
    return at < 64 ? conn->queued[at] : conn->more[at - 64];
}

static const struct pl_reply *exec(struct sim_conn *conn)
{
    unsigned n = conn->n_queued, argc, committed = SIM_SLOTS;
    struct pl_reply *reply;

    if (conn->aborted) {
        end_transaction(conn);
        return error("EXECABORT Transaction discarded because of previous errors.");
    }
    if (conn->touched && sim.mutant != SIM_NO_WATCH) {
        end_transaction(conn);
        return &nil;
    }
    reply = array(n);
    for (unsigned at = 0; at < n; at++) {
        const struct pl_span *argv = queued_argv(conn, at, &argc);

        if (at == 0 && pl_span_is(argv[0], "HSET") && pl_span_is(argv[2], "seq")) {
            committed = slot_of(argv[1]);
            sim_check_commit(conn, committed, argv[3]);
        }
        reply[1 + at] = *carry_out(argv, argc);
        if (reply[1 + at].type == PL_REPLY_ERROR)
            sim_fail("a command inside of a transaction failed: %.*s", (int)reply[1 + at].text.len,
                     reply[1 + at].text.ptr);
    }
    end_transaction(conn);
    mark_moment();
    if (committed < SIM_SLOTS)
        sim_check_committed(committed);
    return reply;
}

static const struct pl_reply *watch(struct sim_conn *conn, struct pl_span name)
{
    if (conn->n_watched < 4)
        conn->watched[conn->n_watched++] = find_key(name, true);
    return &ok;
}

static const struct pl_reply *refuse(struct sim_conn *conn)
{
    refusing--;
    conn->aborted = conn->multi;
    return error(loading ? "LOADING Redis is loading the dataset in memory"
                         : "OOM command not allowed when used memory > 'maxmemory'.");
}

static const struct pl_reply *perform(struct sim_conn *conn, struct pl_span *argv, unsigned argc)
{
    const struct pl_reply *reply;

    if (pl_span_is(argv[0], "MULTI")) {
        conn->multi = true;
        return &ok;
    }
    if (pl_span_is(argv[0], "EXEC"))
        return exec(conn);
    if (pl_span_is(argv[0], "WATCH"))
        return watch(conn, argv[1]);
    if (pl_span_is(argv[0], "UNWATCH")) {
        conn->n_watched = 0;
        conn->touched = false;
        return &ok;
    }
    if (refusing && !sim.calm && (loading || argv[0].ptr[0] != 'H' || pl_span_is(argv[0], "HSET")))
        return refuse(conn);
    if (conn->multi) {
        enqueue(conn, argv, argc);
        return &queued;
    }
    reply = carry_out(argv, argc);
    mark_moment();
    return reply;
}

/* ---- the wire ---- */

static size_t take_length(struct pl_span bytes, size_t *at)
{
    size_t value = 0;

    for ((*at)++; bytes.ptr[*at] != '\r'; (*at)++)
        value = value * 10 + (size_t)(bytes.ptr[*at] - '0');
    *at += 2;
    return value;
}

static unsigned parse(struct sim_request *request, struct pl_span **argv)
{
    size_t argc = take_length(request->bytes, &request->at);

    *argv = sim_alloc(argc * sizeof(**argv));
    for (size_t at = 0; at < argc; at++) {
        size_t len = take_length(request->bytes, &request->at);

        (*argv)[at] = (struct pl_span){request->bytes.ptr + request->at, len};
        request->at += len + 2;
    }
    return (unsigned)argc;
}

bool sim_store_serve(struct sim_conn *conn)
{
    struct sim_request *request = conn->first;
    const struct pl_reply *reply;
    struct pl_span *argv;
    unsigned argc;

    if (!request || conn->dead)
        return false;
    argc = parse(request, &argv);
    if (sim.tracing)
        sim_trace("redis: conn %u: %.*s %.*s %.*s", conn->id, (int)argv[0].len, argv[0].ptr,
                  argc > 1 ? (int)argv[argc > 4 && argv[0].ptr[0] == 'E' ? 3 : 1].len : 0,
                  argc > 1 ? argv[argc > 4 && argv[0].ptr[0] == 'E' ? 3 : 1].ptr : "",
                  argc > 2 && argv[2].len < 40 ? (int)argv[2].len : 0, argc > 2 ? argv[2].ptr : "");
    reply = perform(conn, argv, argc);
    request->answer = reply;
    if (reply->type == PL_REPLY_ERROR && !request->error)
        request->error = reply;
    if (--request->n_left)
        return true;
    conn->first = request->next;
    request->next = NULL;
    if (!conn->first)
        conn->last = NULL;
    if (conn->answered)
        conn->answers->next = request;
    else
        conn->answered = request;
    conn->answers = request;
    return true;
}

/* ---- for the checks ---- */

size_t sim_store_fields(const char *name, struct pl_span (*pairs)[2], size_t max)
{
    const struct sim_key *key = find_key(pl_span_of(name), false);
    size_t n = 0;

    for (; key && n < key->n && n < max; n++) {
        pairs[n][0] = key->fields[n].name;
        pairs[n][1] = key->fields[n].value;
    }
    return n;
}

struct pl_span sim_store_field(const char *name, const char *field)
{
    const struct sim_field *found = find_field(find_key(pl_span_of(name), false), pl_span_of(field));

    return found ? found->value : (struct pl_span){0};
}

void sim_store_forget(const char *name, const char *field)
{
    struct sim_key *key = find_key(pl_span_of(name), true);

    put(key, pl_span_of(field), (struct pl_span){0}, 0);
}

bool sim_store_number(unsigned slot, const char *field, int64_t *value)
{
    static const char *const metas[SIM_SLOTS] = {
        "plateaud:{" SIM_INSTANCE "/0}:meta", "plateaud:{" SIM_INSTANCE "/1}:meta", "plateaud:{" SIM_INSTANCE "}:meta"};
    struct pl_span text = sim_store_field(metas[slot], field);

    return text.ptr && pl_num_int(text, value);
}
