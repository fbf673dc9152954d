#include "codec/scan.h"

#include "codec/escape.h"

#include <assert.h>
#include <string.h>

#define NOT_WANTED 0xff /* node of everything that is neither wanted nor on the way */

struct frame {
    uint8_t node;
    bool array;
};

struct walk {
    const char *at;
    const char *end;
    const struct pl_scan_plan *plan;
    struct pl_scan_found *found;
    enum pl_reject reason; /* PL_ACCEPTED while all is well */
    unsigned n_values;
    unsigned depth;
    struct frame frames[PL_SCAN_DEPTH_MAX];
};

static uint8_t hash_key(uint8_t parent, const char *key, size_t len)
{
    unsigned first = len ? (unsigned char)key[0] : 0;
    unsigned last = len ? (unsigned char)key[len - 1] : 0;

    return (uint8_t)(parent * 37u + (unsigned)len * 67u + first * 5u + last * 23u);
}

/* memcmp for keys, which are short: a call would cost more than the comparison. */
static inline bool same_bytes(const char *a, const char *b, size_t len)
{
    uint64_t left, right;
    size_t at = 0;

    for (; len - at > 8; at += 8) {
        memcpy(&left, a + at, 8);
        memcpy(&right, b + at, 8);
        if (left != right)
            return false;
    }
    if (len < 8) {
        while (at < len && a[at] == b[at])
            at++;
        return at == len;
    }
    memcpy(&left, a + len - 8, 8); /* the last word, which may overlap the one before */
    memcpy(&right, b + len - 8, 8);
    return left == right;
}

static uint8_t find_node(const struct pl_scan_plan *plan, uint8_t parent, const char *key, size_t len)
{
    uint8_t at = plan->table[hash_key(parent, key, len)];

    for (; at; at = plan->nodes[at].next) {
        const struct pl_scan_node *node = &plan->nodes[at];

        if (node->parent == parent && node->key.len == len && same_bytes(node->key.ptr, key, len))
            return at;
    }
    return NOT_WANTED;
}

void pl_scan_plan_init(struct pl_scan_plan *plan)
{
    *plan = (struct pl_scan_plan){.n_nodes = 1};
}

static uint8_t add_node(struct pl_scan_plan *plan, uint8_t parent, struct pl_span key)
{
    uint8_t *head = &plan->table[hash_key(parent, key.ptr, key.len)];
    uint8_t at = (uint8_t)plan->n_nodes;

    if (plan->n_nodes == PL_SCAN_NODES_MAX)
        return NOT_WANTED;
    plan->nodes[plan->n_nodes++] = (struct pl_scan_node){.key = key, .parent = parent, .next = *head};
    plan->nodes[parent].inner = true;
    *head = at;
    return at;
}

bool pl_scan_plan_add(struct pl_scan_plan *plan, const struct pl_span *keys, unsigned n_keys, bool raw, unsigned *slot)
{
    uint8_t node = 0;

    assert(n_keys > 0);
    for (unsigned at = 0; at < n_keys; at++) {
        uint8_t next = find_node(plan, node, keys[at].ptr, keys[at].len);

        if (next == NOT_WANTED)
            next = add_node(plan, node, keys[at]);
        if (next == NOT_WANTED)
            return false;
        node = next;
    }
    plan->nodes[node].unescaped |= !raw;
    *slot = node;
    return true;
}

static bool fail(struct walk *walk, enum pl_reject reason)
{
    walk->reason = reason;
    return false;
}

static size_t utf8_len(const struct walk *walk)
{
    return pl_escape_utf8_len((struct pl_span){walk->at, (size_t)(walk->end - walk->at)});
}

/* Outside strings: what does the byte at hand say about the document? */
static bool fail_here(struct walk *walk)
{
    unsigned char c;

    if (walk->at == walk->end)
        return fail(walk, PL_REJECT_SYNTAX);
    c = (unsigned char)*walk->at;
    if (c < 0x20)
        return fail(walk, PL_REJECT_CONTROL);
    if (c >= 0x80 && utf8_len(walk) == 0)
        return fail(walk, PL_REJECT_UTF8);
    return fail(walk, PL_REJECT_SYNTAX);
}

static inline bool is_blank(char c)
{
    return (unsigned char)c <= ' ' &&
           (c == ' ' || c == '\n' || c == '\r' || c == '\t'); /* mostly the first is enough */
}

static inline void skip_blanks(struct walk *walk)
{
    while (walk->at < walk->end && is_blank(*walk->at))
        walk->at++;
}

static inline bool take(struct walk *walk, char c)
{
    if (walk->at == walk->end || *walk->at != c)
        return false;
    walk->at++;
    return true;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'))
        return (c | 0x20) - 'a' + 10;
    return -1;
}

/* The four digits after \u at walk->at; -1 when they are not there. */
static int take_hex4(struct walk *walk)
{
    int value = 0;

    if (walk->end - walk->at < 4)
        return -1;
    for (int n = 0; n < 4; n++) {
        int digit = hex_digit(*walk->at++);

        if (digit < 0)
            return -1;
        value = value * 16 + digit;
    }
    return value;
}

static bool take_unicode(struct walk *walk)
{
    int high = take_hex4(walk);
    int low;

    if (high < 0)
        return fail(walk, PL_REJECT_SYNTAX);
    if (high == 0)
        return fail(walk, PL_REJECT_CONTROL);
    if (high < 0xd800 || high > 0xdfff)
        return true;
    if (high > 0xdbff || !take(walk, '\\') || !take(walk, 'u'))
        return fail(walk, PL_REJECT_UTF8);
    low = take_hex4(walk);
    if (low < 0)
        return fail(walk, PL_REJECT_SYNTAX);
    return low >= 0xdc00 && low <= 0xdfff ? true : fail(walk, PL_REJECT_UTF8);
}

/* What follows a backslash. */
static bool take_escape(struct walk *walk)
{
    char c;

    if (walk->at == walk->end)
        return fail(walk, PL_REJECT_SYNTAX);
    c = *walk->at;
    if (c == 'u') {
        walk->at++;
        return take_unicode(walk);
    }
    if (c == '\0' || !strchr("\"\\/bfnrt", c))
        return fail_here(walk);
    walk->at++;
    return true;
}

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
/* The number of leading bytes of a word that need no look: ASCII, not a quote, a backslash or a control byte. Borrows
 * may raise false alarms, but only behind a true one. */
static inline size_t plain_bytes(uint64_t word)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    const uint64_t tops = ones * 0x80;
    uint64_t quote = word ^ (ones * '"');
    uint64_t slash = word ^ (ones * '\\');
    uint64_t hit =
        (word | ((word - ones * 0x20) & ~word) | ((quote - ones) & ~quote) | ((slash - ones) & ~slash)) & tops;

    return hit ? (size_t)__builtin_ctzll(hit) / 8 : 8;
}

static inline void skip_plain(struct walk *walk)
{
    while (walk->end - walk->at >= 8) {
        uint64_t word;
        size_t n;

        memcpy(&word, walk->at, 8);
        n = plain_bytes(word);
        walk->at += n;
        if (n < 8)
            return;
    }
}
#else
static inline void skip_plain(struct walk *walk)
{
    (void)walk;
}
#endif

/* A byte of a string that is no plain one, or stands near the end of the document. False at its end, or when it is bad.
 */
static bool take_odd(struct walk *walk, bool *escaped)
{
    unsigned char c = (unsigned char)*walk->at;
    size_t len = 1;

    if (c < 0x20)
        return fail(walk, PL_REJECT_CONTROL);
    if (c == '\\') {
        walk->at++;
        *escaped = true;
        return take_escape(walk);
    }
    if (c >= 0x80)
        len = utf8_len(walk);
    walk->at += len;
    return len ? true : fail(walk, PL_REJECT_UTF8);
}

/* A string whose opening quote was taken. */
static inline bool take_string(struct walk *walk, struct pl_span *text, bool *escaped)
{
    const char *start = walk->at;

    *escaped = false;
    for (;;) {
        skip_plain(walk);
        if (walk->at == walk->end)
            return fail(walk, PL_REJECT_SYNTAX);
        if (*walk->at == '"')
            break;
        if (!take_odd(walk, escaped))
            return false;
    }
    *text = (struct pl_span){start, (size_t)(walk->at - start)};
    walk->at++;
    return true;
}

static size_t take_digits(struct walk *walk)
{
    const char *start = walk->at;

    while (walk->at < walk->end && *walk->at >= '0' && *walk->at <= '9')
        walk->at++;
    return (size_t)(walk->at - start);
}

static bool take_number(struct walk *walk, struct pl_span *text)
{
    const char *start = walk->at;

    (void)take(walk, '-');
    if (!take(walk, '0') && take_digits(walk) == 0)
        return fail_here(walk);
    if (take(walk, '.') && take_digits(walk) == 0)
        return fail_here(walk);
    if (take(walk, 'e') || take(walk, 'E')) {
        if (!take(walk, '+'))
            (void)take(walk, '-');
        if (take_digits(walk) == 0)
            return fail_here(walk);
    }
    *text = (struct pl_span){start, (size_t)(walk->at - start)};
    return text->len <= PL_SCAN_NUMBER_MAX ? true : fail(walk, PL_REJECT_NUMBER);
}

static bool take_literal(struct walk *walk, const char *word, size_t len, struct pl_span *text)
{
    *text = (struct pl_span){walk->at, len};
    for (size_t n = 0; n < len; n++)
        if (!take(walk, word[n]))
            return fail_here(walk);
    return true;
}

static bool push(struct walk *walk, uint8_t node, bool array)
{
    if (walk->depth == PL_SCAN_DEPTH_MAX)
        return fail(walk, PL_REJECT_DEPTH);
    walk->frames[walk->depth++] = (struct frame){.node = node, .array = array};
    walk->at++;
    return true;
}

static inline bool take_string_value(struct walk *walk, uint8_t node, struct pl_value *value)
{
    bool escaped;

    walk->at++;
    value->type = PL_VALUE_STRING;
    if (!take_string(walk, &value->text, &escaped))
        return false;
    if (escaped && node != NOT_WANTED && walk->plan->nodes[node].unescaped)
        walk->found->slow = true;
    return true;
}

/* One value; of an object or array only its beginning, the rest follows member by member. */
static inline bool take_value(struct walk *walk, uint8_t node, struct pl_value *value)
{
    bool inner = node != NOT_WANTED && walk->plan->nodes[node].inner;

    if (walk->at == walk->end)
        return fail(walk, PL_REJECT_SYNTAX);
    if (++walk->n_values > PL_SCAN_VALUES_MAX)
        return fail(walk, PL_REJECT_NODES);
    switch (*walk->at) {
    case '"':
        return take_string_value(walk, node, value);
    case '{':
        value->type = PL_VALUE_OBJECT;
        return push(walk, inner ? node : NOT_WANTED, false);
    case '[':
        value->type = PL_VALUE_ARRAY;
        return push(walk, NOT_WANTED, true);
    case 't':
        value->type = PL_VALUE_TRUE;
        return take_literal(walk, "true", 4, &value->text);
    case 'f':
        value->type = PL_VALUE_FALSE;
        return take_literal(walk, "false", 5, &value->text);
    case 'n':
        value->type = PL_VALUE_NULL;
        return take_literal(walk, "null", 4, &value->text);
    default:
        value->type = PL_VALUE_NUMBER;
        return take_number(walk, &value->text);
    }
}

/* The key and the colon of a member; *node is what the plan knows of it. */
static inline bool take_key(struct walk *walk, uint8_t parent, uint8_t *node)
{
    struct pl_span key;
    bool escaped;

    if (!take(walk, '"'))
        return fail_here(walk);
    if (!take_string(walk, &key, &escaped))
        return false;
    skip_blanks(walk);
    if (!take(walk, ':'))
        return fail_here(walk);
    skip_blanks(walk);
    *node = NOT_WANTED;
    if (parent == NOT_WANTED)
        return true;
    walk->found->slow |= escaped; /* it may spell a wanted member */
    *node = find_node(walk->plan, parent, key.ptr, key.len);
    if (*node != NOT_WANTED) {
        uint64_t bit = UINT64_C(1) << *node;

        if (walk->found->seen & bit)
            *node = NOT_WANTED; /* the first one wins */
        walk->found->seen |= bit;
    }
    return true;
}

/* One member of the innermost object or array, or its end. */
static inline bool take_member(struct walk *walk)
{
    struct frame *top = &walk->frames[walk->depth - 1];
    struct pl_value value = {0};
    uint8_t node = NOT_WANTED;

    if (!top->array && !take_key(walk, top->node, &node))
        return false;
    if (!take_value(walk, node, &value))
        return false;
    if (node != NOT_WANTED)
        walk->found->values[node] = value;
    return true;
}

/* After a member or an opening bracket: close what ends here, and stand before the next member, if any. */
static inline bool take_between(struct walk *walk, bool opened)
{
    while (walk->depth) {
        char close = walk->frames[walk->depth - 1].array ? ']' : '}';

        skip_blanks(walk);
        if (take(walk, close)) {
            walk->depth--;
            opened = false;
            continue;
        }
        if (opened)
            return true;
        if (!take(walk, ','))
            return fail_here(walk);
        skip_blanks(walk);
        return true;
    }
    return true;
}

static bool walk_document(struct walk *walk, enum pl_value_type *type)
{
    struct pl_value root = {0};

    if (!take_value(walk, 0, &root))
        return false;
    *type = root.type;
    if (!take_between(walk, true))
        return false;
    while (walk->depth) {
        unsigned depth = walk->depth;

        if (!take_member(walk) || !take_between(walk, walk->depth > depth))
            return false;
    }
    skip_blanks(walk);
    return walk->at == walk->end ? true : fail(walk, PL_REJECT_TRAILING);
}

/* Not a document at all: known by its length or its first byte. */
static enum pl_reject look_at_outside(const struct walk *walk, size_t len)
{
    unsigned char first;

    if (len > PL_SCAN_BYTES_MAX)
        return PL_REJECT_TOO_BIG;
    if (walk->at == walk->end)
        return PL_REJECT_EMPTY;
    first = (unsigned char)*walk->at;
    return first < 0x20 ? PL_REJECT_NOT_JSON : PL_ACCEPTED;
}

enum pl_reject pl_scan(const struct pl_scan_plan *plan, struct pl_span json, struct pl_scan_found *found)
{
    struct walk walk = {.at = json.ptr, .end = json.ptr + json.len, .plan = plan, .found = found};
    enum pl_value_type type;

    found->seen = 0;
    found->slow = false;
    if (json.len <= PL_SCAN_BYTES_MAX)
        skip_blanks(&walk);
    walk.reason = look_at_outside(&walk, json.len);
    if (walk.reason || !walk_document(&walk, &type))
        return walk.reason;
    return type == PL_VALUE_OBJECT ? PL_ACCEPTED : PL_REJECT_NOT_OBJECT;
}

struct pl_value pl_scan_get(const struct pl_scan_found *found, unsigned slot)
{
    return found->seen >> slot & 1 ? found->values[slot] : (struct pl_value){0};
}
