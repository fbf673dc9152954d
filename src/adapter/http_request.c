#include "adapter/http_request.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

/* Cut the first line off *rest, without its CRLF. False when a line does not end in CRLF or holds a CR of its own. */
static bool take_line(struct pl_span *rest, struct pl_span *line)
{
    const char *end = memchr(rest->ptr, '\r', rest->len);
    size_t len = end ? (size_t)(end - rest->ptr) : 0;

    if (!end || len + 2 > rest->len || end[1] != '\n')
        return false;
    *line = (struct pl_span){rest->ptr, len};
    rest->ptr += len + 2;
    rest->len -= len + 2;
    return true;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_token(struct pl_span text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!is_digit(text.ptr[i]) && !is_letter(text.ptr[i]) &&
            (text.ptr[i] == '\0' || !strchr("!#$%&'*+-.^_`|~", text.ptr[i])))
            return false;
    return text.len > 0;
}

static bool is_digits(struct pl_span text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!is_digit(text.ptr[i]))
            return false;
    return true;
}

/* Field values: printable ASCII, blanks and bytes above it, but no control bytes. */
static bool is_value(struct pl_span text)
{
    for (size_t i = 0; i < text.len; i++)
        if (((unsigned char)text.ptr[i] < 0x20 && text.ptr[i] != '\t') || text.ptr[i] == 0x7f)
            return false;
    return true;
}

static bool is_name(struct pl_span text, const char *name)
{
    return text.len == strlen(name) && strncasecmp(text.ptr, name, text.len) == 0;
}

static int check_method(struct pl_span method)
{
    static const char *const known[] = {"POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT"};

    if (pl_span_is(method, "GET") || pl_span_is(method, "HEAD"))
        return 200;
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (pl_span_is(method, known[i]))
            return 405;
    return 501;
}

static int check_version(struct pl_span version)
{
    if (version.len != 8 || memcmp(version.ptr, "HTTP/", 5) != 0 || !is_digit(version.ptr[5]) ||
        version.ptr[6] != '.' || !is_digit(version.ptr[7]))
        return 400;
    return version.ptr[5] == '1' ? 200 : 505;
}

static int parse_request_line(struct pl_span line, struct pl_http_request *request)
{
    struct pl_span method = pl_span_cut(&line, ' ');
    struct pl_span target = pl_span_cut(&line, ' ');
    int status;

    request->head_only = pl_span_is(method, "HEAD");
    if (!line.ptr || !is_token(method) || target.len == 0 || target.ptr[0] != '/')
        return 400;
    for (size_t i = 0; i < target.len; i++)
        if ((unsigned char)target.ptr[i] <= 0x20 || (unsigned char)target.ptr[i] >= 0x7f)
            return 400;
    request->path = pl_span_cut(&target, '?');
    status = check_version(line);
    return status == 200 ? check_method(method) : status;
}

/* "name", "name:port", "[address]:port". */
static bool parse_host(struct pl_span value, struct pl_span *host)
{
    const char *end;
    struct pl_span port;

    if (value.len && value.ptr[0] == '[') {
        end = memchr(value.ptr, ']', value.len);
        if (!end)
            return false;
        *host = (struct pl_span){value.ptr + 1, (size_t)(end - value.ptr) - 1};
        end++;
    } else {
        end = memchr(value.ptr, ':', value.len);
        if (!end)
            end = value.ptr + value.len;
        *host = (struct pl_span){value.ptr, (size_t)(end - value.ptr)};
    }
    port = (struct pl_span){end, value.len - (size_t)(end - value.ptr)};
    if (port.len && (port.ptr[0] != ':' || port.len > 6 || !is_digits((struct pl_span){port.ptr + 1, port.len - 1})))
        return false;
    for (size_t i = 0; i < host->len; i++)
        if (!is_digit(host->ptr[i]) && !is_letter(host->ptr[i]) &&
            (host->ptr[i] == '\0' || !strchr(".-_:", host->ptr[i])))
            return false;
    return host->len > 0;
}

static int parse_header(struct pl_span line, struct pl_http_request *request)
{
    struct pl_span name = pl_span_cut(&line, ':');
    struct pl_span value = pl_span_trim(line);

    if (!line.ptr || !is_token(name) || !is_value(line))
        return 400; /* a folded line begins with a blank, which is no token */
    if (is_name(name, "host")) {
        if (request->host.ptr || value.len == 0 || !parse_host(value, &request->host))
            return 400;
    } else if (is_name(name, "content-length")) {
        if (value.len == 0 || !is_digits(value))
            return 400;
        if (!pl_span_is(value, "0"))
            return 413;
    } else if (is_name(name, "transfer-encoding"))
        return 413;
    return 200;
}

int pl_http_request_parse(struct pl_span head, struct pl_http_request *request)
{
    struct pl_span line;
    int status, worst;

    *request = (struct pl_http_request){0};
    if (!take_line(&head, &line))
        return 400;
    worst = parse_request_line(line, request);
    if (worst == 400)
        return 400;
    /* A malformed header outweighs whatever else is wrong with the request. */
    while (head.len) {
        if (!take_line(&head, &line))
            return 400;
        status = parse_header(line, request);
        if (status == 400)
            return 400;
        if (worst == 200)
            worst = status;
    }
    return worst == 200 && !request->host.ptr ? 400 : worst;
}

bool pl_http_request_is_loopback(struct pl_span host)
{
    static const struct in6_addr loopback6 = IN6ADDR_LOOPBACK_INIT;
    char text[INET6_ADDRSTRLEN];
    struct in_addr v4;
    struct in6_addr v6;

    if (is_name(host, "localhost"))
        return true;
    if (!pl_span_copy(host, text, sizeof(text)))
        return false;
    if (inet_pton(AF_INET, text, &v4) == 1)
        return ntohl(v4.s_addr) >> 24 == 127;
    return inet_pton(AF_INET6, text, &v6) == 1 && memcmp(&v6, &loopback6, sizeof(v6)) == 0;
}

bool pl_http_request_is_host(struct pl_span host, const char *name)
{
    return is_name(host, name);
}

const char *pl_http_request_reason(int status)
{
    static const struct {
        int status;
        const char *text;
    } reasons[] = {
        {200, "OK"},
        {400, "Bad Request"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {413, "Content Too Large"},
        {421, "Misdirected Request"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {503, "Service Unavailable"},
        {505, "HTTP Version Not Supported"},
    };

    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
        if (reasons[i].status == status)
            return reasons[i].text;
    return "Unknown";
}
