#include "ctl/completion.h"

#include "ctl/commands.h"
#include "ctl/options.h"

#include <stdio.h>
#include <string.h>

/* Names of areas as the daemon writes them; anything else must not come into a shell. */
#define AREAS                                                                                                          \
    "timeout 2 plateauctl status --json %s 2>/dev/null | grep -o '\"area\":\"[A-Za-z0-9_.:-]*\"' | cut -d '\"' -f 4"

/* Where the explanation in a line of help begins: behind two blanks. */
static size_t explained_at(struct pl_span line)
{
    size_t at = 2;

    while (at + 1 < line.len && !(line.ptr[at] == ' ' && line.ptr[at + 1] == ' '))
        at++;
    return at;
}

/* The line of a help text that explains an option, from behind its name on; empty when there is none. */
static struct pl_span line_of(const char *help, const char *name)
{
    struct pl_span rest = pl_span_of(help);
    size_t len = strlen(name);

    while (rest.ptr) {
        struct pl_span line = pl_span_cut(&rest, '\n');
        size_t end;

        if (line.len < 3 || memcmp(line.ptr, "  -", 3) != 0)
            continue;
        end = explained_at(line);
        for (size_t at = 2; at < end && at + len < line.len; at++)
            if (line.ptr[at - 1] == ' ' && memcmp(line.ptr + at, name, len) == 0 &&
                (line.ptr[at + len] == ' ' || line.ptr[at + len] == ','))
                return (struct pl_span){line.ptr + at + len, line.len - at - len};
    }
    return (struct pl_span){NULL, 0};
}

static void copy_cut(struct pl_span from, char out[PL_COMPLETION_BYTES])
{
    if (from.len > PL_COMPLETION_BYTES - 1)
        from.len = PL_COMPLETION_BYTES - 1;
    (void)pl_span_copy(from, out, PL_COMPLETION_BYTES);
}

/* " AREA       only this area": one blank before what it takes, at least two before the explanation. */
static void read_line(struct pl_span line, bool flag, struct pl_completion_option *option)
{
    size_t at = 1;

    while (!flag && at < line.len && line.ptr[at] != ' ' && line.ptr[at] != ',')
        at++;
    if (!flag && line.len > 1)
        copy_cut((struct pl_span){line.ptr + 1, at - 1}, option->takes);
    for (at = 0; at + 1 < line.len; at++) {
        if (line.ptr[at] == ' ' && line.ptr[at + 1] == ' ') {
            copy_cut(pl_span_trim((struct pl_span){line.ptr + at, line.len - at}), option->help);
            return;
        }
    }
}

/* "usage: plateauctl explain AREA [OPTIONS]": the first word that is neither an option nor what one takes. */
static void read_usage(const char *help, char out[PL_COMPLETION_BYTES])
{
    const char *usage = strstr(help, "usage: plateauctl ");
    struct pl_span rest = pl_span_of(usage), line = pl_span_cut(&rest, '\n');
    bool taken = false; /* by the option before it */

    out[0] = '\0';
    for (unsigned at = 0; line.ptr; at++) {
        struct pl_span word = pl_span_cut(&line, ' ');
        bool option = word.len > 1 && (word.ptr[0] == '-' || word.ptr[1] == '-');

        if (word.len && word.ptr[0] == '(')
            return;
        if (at > 2 && word.len && !option && !taken && !pl_span_is(word, "[OPTIONS]")) {
            copy_cut(word, out);
            return;
        }
        taken = option;
    }
}

/* Options that all commands know are offered by those whose help tells them. */
static void take(void *ctx, const struct pl_option *all, unsigned n, const char *help)
{
    struct pl_completion *completion = ctx;

    for (unsigned at = 0; at < n && completion->n < PL_COMPLETION_OPTIONS_MAX; at++) {
        struct pl_completion_option *option = &completion->options[completion->n];
        struct pl_span line = line_of(help, all[at].name);
        bool is_help = strcmp(all[at].name, "--help") == 0, common = at < PL_OPTIONS_COMMON;

        if ((common && !line.ptr && !is_help) || strlen(all[at].name) >= sizeof(option->name))
            continue;
        *option = (struct pl_completion_option){.name = ""};
        (void)pl_span_copy(pl_span_of(all[at].name), option->name, sizeof(option->name));
        read_line(line, all[at].flag != NULL, option);
        if (!all[at].flag && !option->takes[0])
            (void)snprintf(option->takes, sizeof(option->takes), "VALUE");
        if (is_help)
            (void)snprintf(option->help, sizeof(option->help), "show help");
        completion->n++;
    }
    read_usage(help, completion->takes);
}

bool pl_completion_of(unsigned index, struct pl_completion *completion)
{
    const struct pl_command *command = pl_commands_at(index);
    char name[PL_NAME_BYTES];
    char *argv[] = {name, NULL};

    if (!command || !pl_span_copy(pl_span_of(command->name), name, sizeof(name)))
        return false;
    *completion = (struct pl_completion){.name = command->name, .help = command->help};
    pl_options_listen(take, completion);
    (void)command->run(1, argv);
    pl_options_listen(NULL, NULL);
    return true;
}

enum kind { NOTHING, FILES, DIRECTORIES, AREA_NAMES, WORDS, VALUE };

/* FILE, FILE..., [FILE...]; AREA; a|b|c; anything else is for the user to know. */
static enum kind kind_of(const char *takes)
{
    if (!takes[0])
        return NOTHING;
    if (strchr(takes, '|'))
        return WORDS;
    if (strstr(takes, "FILE"))
        return FILES;
    if (strcmp(takes, "DIR") == 0)
        return DIRECTORIES;
    return strcmp(takes, "AREA") == 0 ? AREA_NAMES : VALUE;
}

/* a|b|c as words with a separator between them. */
static void add_words(struct pl_buf *out, const char *takes, const char *separator)
{
    struct pl_span rest = pl_span_of(takes);

    for (const char *between = ""; rest.ptr; between = separator) {
        pl_buf_add_text(out, between);
        pl_buf_add_span(out, pl_span_cut(&rest, '|'));
    }
}

static void bash_kind(struct pl_buf *out, const char *takes)
{
    static const char *const kinds[] = {[NOTHING] = "return",
                                        [FILES] = "kind=files",
                                        [DIRECTORIES] = "kind=dirs",
                                        [AREA_NAMES] = "kind=areas",
                                        [VALUE] = "return"};

    if (kind_of(takes) != WORDS) {
        pl_buf_addf(out, "%s ;;\n", kinds[kind_of(takes)]);
        return;
    }
    pl_buf_add_text(out, "words=$'");
    add_words(out, takes, "\\n");
    pl_buf_add_text(out, "' ;;\n");
}

static void bash_command(struct pl_buf *out, const struct pl_completion *command)
{
    for (unsigned at = 0; at < command->n; at++) {
        if (!command->options[at].takes[0])
            continue;
        pl_buf_addf(out, "    %s:%s:*) ", command->name, command->options[at].name);
        bash_kind(out, command->options[at].takes);
    }
    pl_buf_addf(out, "    %s:*:-*) words=$'", command->name);
    for (unsigned at = 0; at < command->n; at++)
        pl_buf_addf(out, "%s%s", at ? "\\n" : "", command->options[at].name);
    pl_buf_addf(out, "' ;;\n    %s:*) ", command->name);
    bash_kind(out, command->takes);
}

static void write_bash(struct pl_buf *out)
{
    const struct pl_command *command;
    struct pl_completion completion;

    pl_buf_add_text(out,
                    "# bash completion for plateauctl, made by: plateauctl completion bash\n"
                    "_plateauctl_areas()\n{\n    local at conf=()\n"
                    "    for ((at = 2; at < COMP_CWORD; at++)); do\n"
                    "        case ${COMP_WORDS[at]} in -c | --config) conf=(-c \"${COMP_WORDS[at + 1]}\") ;; esac\n"
                    "    done\n    ");
    pl_buf_addf(out, AREAS, "\"${conf[@]}\"");
    pl_buf_add_text(out,
                    "\n}\n\n_plateauctl()\n{\n    local cur=${COMP_WORDS[COMP_CWORD]} IFS=$'\\n' words='' kind=''\n"
                    "    COMPREPLY=()\n    case ${COMP_WORDS[1]}:${COMP_WORDS[COMP_CWORD - 1]}:$cur in\n    "
                    "\"$cur:${COMP_WORDS[0]}:$cur\") words=$'");
    for (unsigned at = 0; (command = pl_commands_at(at)); at++)
        pl_buf_addf(out, "%s%s", at ? "\\n" : "", command->name);
    pl_buf_add_text(out, "' ;;\n");
    for (unsigned at = 0; pl_completion_of(at, &completion); at++)
        bash_command(out, &completion);
    pl_buf_add_text(out,
                    "    esac\n    case $kind in\n"
                    "    files) mapfile -t COMPREPLY < <(compgen -f -- \"$cur\"); compopt -o filenames 2>/dev/null ;;\n"
                    "    dirs) mapfile -t COMPREPLY < <(compgen -d -- \"$cur\"); compopt -o filenames 2>/dev/null ;;\n"
                    "    areas) words=$(_plateauctl_areas) ;;\n    esac\n"
                    "    if [[ $words ]]; then mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\"); fi\n"
                    "    return 0\n}\ncomplete -F _plateauctl plateauctl\n");
}

/* Text in single quotes; in zsh's specifications [ ] and : have a meaning too. */
static void add_quoted(struct pl_buf *out, const char *text, bool specification)
{
    for (; *text; text++) {
        if (*text == '\'') {
            pl_buf_add_text(out, "'\\''");
            continue;
        }
        if (*text == '\\' || (specification && strchr("[]:", *text)))
            pl_buf_add_char(out, '\\');
        pl_buf_add_char(out, *text);
    }
}

/* What completes a value: ":MESSAGE:ACTION". */
static void zsh_kind(struct pl_buf *out, const char *takes)
{
    static const char *const actions[] = {[NOTHING] = "",
                                          [FILES] = "_files",
                                          [DIRECTORIES] = "_files -/",
                                          [AREA_NAMES] = "_plateauctl_areas",
                                          [VALUE] = ""};

    if (kind_of(takes) == NOTHING)
        return;
    pl_buf_add_char(out, ':');
    add_quoted(out, kind_of(takes) == WORDS ? "word" : takes, true);
    pl_buf_add_char(out, ':');
    if (kind_of(takes) == WORDS) {
        pl_buf_add_char(out, '(');
        add_words(out, takes, " ");
        pl_buf_add_char(out, ')');
    } else {
        pl_buf_add_text(out, actions[kind_of(takes)]);
    }
}

static void zsh_command(struct pl_buf *out, const struct pl_completion *command)
{
    pl_buf_addf(out, "    %s) _arguments", command->name);
    for (unsigned at = 0; at < command->n; at++) {
        pl_buf_addf(out, " \\\n        '%s[", command->options[at].name);
        add_quoted(out, command->options[at].help, true);
        pl_buf_add_char(out, ']');
        zsh_kind(out, command->options[at].takes);
        pl_buf_add_char(out, '\'');
    }
    if (command->takes[0]) {
        pl_buf_add_text(out, " \\\n        '*");
        zsh_kind(out, command->takes);
        pl_buf_add_char(out, '\'');
    }
    pl_buf_add_text(out, " ;;\n");
}

static void write_zsh(struct pl_buf *out)
{
    const struct pl_command *command;
    struct pl_completion completion;

    pl_buf_add_text(out, "#compdef plateauctl\n# zsh completion for plateauctl, made by: plateauctl completion zsh\n"
                         "_plateauctl_areas() {\n    local at\n    local -a conf areas\n"
                         "    for ((at = 2; at < CURRENT; at++)); do\n"
                         "        case ${words[at]} in -c|--config) conf=(-c \"${words[at + 1]}\") ;; esac\n    done\n"
                         "    areas=(${(f)\"$(");
    pl_buf_addf(out, AREAS, "\"${conf[@]}\"");
    pl_buf_add_text(out, ")\"})\n    compadd -a areas\n}\n\n_plateauctl() {\n    local -a commands\n    commands=(\n");
    for (unsigned at = 0; (command = pl_commands_at(at)); at++) {
        pl_buf_addf(out, "        '%s:", command->name);
        add_quoted(out, command->help, true);
        pl_buf_add_text(out, "'\n");
    }
    pl_buf_add_text(
        out, "    )\n    if (( CURRENT == 2 )); then\n        _describe command commands\n        return\n    fi\n"
             "    shift words\n    (( CURRENT-- ))\n    case ${words[1]} in\n");
    for (unsigned at = 0; pl_completion_of(at, &completion); at++)
        zsh_command(out, &completion);
    pl_buf_add_text(out, "    esac\n}\n\nif [[ $funcstack[1] == _plateauctl ]]; then\n    _plateauctl \"$@\"\nelse\n"
                         "    compdef _plateauctl plateauctl\nfi\n");
}

static void fish_kind(struct pl_buf *out, const char *takes)
{
    static const char *const kinds[] = {[NOTHING] = "",
                                        [FILES] = " -F",
                                        [DIRECTORIES] = " -a '(__fish_complete_directories)'",
                                        [AREA_NAMES] = " -a '(__plateauctl_areas)'",
                                        [VALUE] = ""};

    if (kind_of(takes) != WORDS) {
        pl_buf_add_text(out, kinds[kind_of(takes)]);
        return;
    }
    pl_buf_add_text(out, " -a '");
    add_words(out, takes, " ");
    pl_buf_add_char(out, '\'');
}

static void fish_command(struct pl_buf *out, const struct pl_completion *command)
{
    for (unsigned at = 0; at < command->n; at++) {
        const struct pl_completion_option *option = &command->options[at];
        bool is_long = option->name[1] == '-';

        pl_buf_addf(out, "complete -c plateauctl -n '__fish_seen_subcommand_from %s'", command->name);
        pl_buf_addf(out, " -%c %s%s", is_long ? 'l' : 's', option->name + (is_long ? 2 : 1),
                    !option->takes[0]                 ? ""
                    : kind_of(option->takes) == FILES ? " -r"
                                                      : " -x");
        fish_kind(out, option->takes);
        pl_buf_add_text(out, " -d '");
        add_quoted(out, option->help, false);
        pl_buf_add_text(out, "'\n");
    }
    if (kind_of(command->takes) == NOTHING || kind_of(command->takes) == VALUE)
        return;
    pl_buf_addf(out, "complete -c plateauctl -n '__fish_seen_subcommand_from %s'", command->name);
    fish_kind(out, command->takes);
    pl_buf_add_char(out, '\n');
}

static void write_fish(struct pl_buf *out)
{
    const struct pl_command *command;
    struct pl_completion completion;

    pl_buf_add_text(out, "# fish completion for plateauctl, made by: plateauctl completion fish\n"
                         "function __plateauctl_areas\n    set -l conf\n    set -l words (commandline -opc)\n"
                         "    for at in (seq (count $words))\n"
                         "        if contains -- $words[$at] -c --config; and test $at -lt (count $words)\n"
                         "            set conf -c $words[(math $at + 1)]\n        end\n    end\n    ");
    pl_buf_addf(out, AREAS, "$conf");
    pl_buf_add_text(out, "\nend\n\ncomplete -c plateauctl -f\n");
    for (unsigned at = 0; (command = pl_commands_at(at)); at++) {
        pl_buf_addf(out, "complete -c plateauctl -n __fish_use_subcommand -a %s -d '", command->name);
        add_quoted(out, command->help, false);
        pl_buf_add_text(out, "'\n");
    }
    for (unsigned at = 0; pl_completion_of(at, &completion); at++)
        fish_command(out, &completion);
}

bool pl_completion_write(const char *shell, struct pl_buf *out)
{
    static const struct {
        const char *shell;
        void (*write)(struct pl_buf *out);
    } shells[] = {{"bash", write_bash}, {"zsh", write_zsh}, {"fish", write_fish}};

    for (size_t at = 0; at < sizeof(shells) / sizeof(*shells); at++) {
        if (strcmp(shell, shells[at].shell) != 0)
            continue;
        shells[at].write(out);
        return true;
    }
    return false;
}
