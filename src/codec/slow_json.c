#include "codec/slow_json.h"

#include <cjson/cJSON.h>
#include <string.h>

#define NUMBER_MARK '\xff' /* begins the text of a number; never part of valid UTF-8 */

/* Length of the string literal or number at the front of a valid document's rest. */
static size_t string_len(struct pl_span rest)
{
    size_t len = 1;

    while (rest.ptr[len] != '"')
        len += rest.ptr[len] == '\\' ? 2 : 1;
    return len + 1;
}

static size_t number_len(struct pl_span rest)
{
    size_t len = 1;

    while (len < rest.len && strchr("+-.eE0123456789", rest.ptr[len]) && rest.ptr[len] != '\0')
        len++;
    return len;
}

/* Copy a valid document with its numbers turned into marked strings. */
static void mark_numbers(struct pl_span json, struct pl_buf *out)
{
    while (json.len) {
        char c = json.ptr[0];
        bool number = c == '-' || (c >= '0' && c <= '9');
        size_t len = number ? number_len(json) : c == '"' ? string_len(json) : 1;

        if (number) {
            pl_buf_add_char(out, '"');
            pl_buf_add_char(out, NUMBER_MARK);
        }
        pl_buf_add(out, json.ptr, len);
        if (number)
            pl_buf_add_char(out, '"');
        json.ptr += len;
        json.len -= len;
    }
}

enum pl_reject pl_slow_json_open(struct pl_slow_json *doc, struct pl_span json)
{
    struct pl_scan_plan plan;
    struct pl_scan_found found;
    const char *end = NULL;
    enum pl_reject reason;

    pl_slow_json_close(doc);
    pl_scan_plan_init(&plan);
    reason = pl_scan(&plan, json, &found);
    if (reason)
        return reason;
    pl_buf_clear(&doc->text);
    mark_numbers(json, &doc->text);
    if (!pl_buf_ok(&doc->text))
        return PL_REJECT_SYNTAX;
    doc->root = cJSON_ParseWithLengthOpts(doc->text.ptr, doc->text.len + 1, &end, 1);
    return doc->root ? PL_ACCEPTED : PL_REJECT_SYNTAX;
}

void pl_slow_json_close(struct pl_slow_json *doc)
{
    cJSON_Delete(doc->root);
    doc->root = NULL;
}

void pl_slow_json_fini(struct pl_slow_json *doc)
{
    pl_slow_json_close(doc);
    pl_buf_fini(&doc->text);
}

const struct cJSON *pl_slow_json_member(const struct cJSON *node, struct pl_span key)
{
    const struct cJSON *at = cJSON_IsObject(node) ? node->child : NULL;

    while (at && !pl_span_is(key, at->string))
        at = at->next;
    return at;
}

const struct cJSON *pl_slow_json_first(const struct cJSON *node)
{
    return node ? node->child : NULL;
}

const struct cJSON *pl_slow_json_next(const struct cJSON *node)
{
    return node->next;
}

struct pl_span pl_slow_json_key(const struct cJSON *node)
{
    return pl_span_of(node->string);
}

struct pl_value pl_slow_json_value(const struct cJSON *node)
{
    if (!node)
        return (struct pl_value){0};
    if (cJSON_IsNull(node))
        return (struct pl_value){PL_VALUE_NULL, pl_span_of("null")};
    if (cJSON_IsBool(node))
        return cJSON_IsTrue(node) ? (struct pl_value){PL_VALUE_TRUE, pl_span_of("true")}
                                  : (struct pl_value){PL_VALUE_FALSE, pl_span_of("false")};
    if (cJSON_IsObject(node))
        return (struct pl_value){.type = PL_VALUE_OBJECT};
    if (cJSON_IsArray(node))
        return (struct pl_value){.type = PL_VALUE_ARRAY};
    if (node->valuestring[0] == NUMBER_MARK)
        return (struct pl_value){PL_VALUE_NUMBER, pl_span_of(node->valuestring + 1)};
    return (struct pl_value){PL_VALUE_STRING, pl_span_of(node->valuestring)};
}

void pl_slow_json_fill(const struct pl_slow_json *doc, const struct pl_scan_plan *plan, struct pl_scan_found *found)
{
    const struct cJSON *nodes[PL_SCAN_NODES_MAX] = {doc->root};

    found->seen = 0;
    found->slow = false;
    for (unsigned at = 1; at < plan->n_nodes; at++) { /* parents come before their members */
        nodes[at] = pl_slow_json_member(nodes[plan->nodes[at].parent], plan->nodes[at].key);
        if (!nodes[at])
            continue;
        found->seen |= UINT64_C(1) << at;
        found->values[at] = pl_slow_json_value(nodes[at]);
    }
}
