/* Any bytes as the head of an HTTP request: an answer that we know, and values that lie inside the head. */
#include "adapter/http_request.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void inside(struct pl_span part, struct pl_span whole)
{
    if (part.ptr)
        must(part.ptr >= whole.ptr && part.len <= whole.len && part.ptr + part.len <= whole.ptr + whole.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int known[] = {200, 400, 405, 413, 501, 505};
    struct pl_span head = {(const char *)data, size};
    struct pl_http_request request;
    int status = pl_http_request_parse(head, &request);
    bool found = false;

    for (size_t at = 0; at < sizeof(known) / sizeof(*known); at++)
        found = found || known[at] == status;
    must(found && strcmp(pl_http_request_reason(status), "Unknown") != 0);
    inside(request.path, head);
    inside(request.host, head);
    if (status != 200)
        return 0;
    must(request.path.len > 0 && request.path.ptr[0] == '/' && request.host.len > 0);
    for (size_t at = 0; at < request.path.len; at++)
        must(request.path.ptr[at] > ' ' && request.path.ptr[at] != '?' && request.path.ptr[at] != 0x7f);
    for (size_t at = 0; at < request.host.len; at++)
        must(request.host.ptr[at] > ' ' && request.host.ptr[at] != '/' && request.host.ptr[at] != '@');
    if (pl_http_request_is_loopback(request.host))
        must(request.host.len >= 3 && !pl_http_request_is_host(request.host, "example.com"));
    return 0;
}
