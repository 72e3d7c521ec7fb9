// What help pages and manual pages show of each verb: lines that people type.
#pragma once

#include <array>

#include "app/commands/commands.h"

namespace weir {

inline constexpr std::array run_examples{
    CommandExample{.line = "weir run -c weir.yaml", .doc = "serve what a file says"},
    CommandExample{.line = "weir run", .doc = "serve what /etc/weir/weir.yaml says, as the service does"},
};
inline constexpr std::array check_examples{
    CommandExample{.line = "weir check weir.yaml", .doc = "every mistake at once, each with its place"},
    CommandExample{.line = "weir check --json -c /etc/weir/weir.yaml", .doc = "the same for an editor or a pipeline"},
};
inline constexpr std::array explain_examples{
    CommandExample{.line = "weir explain GET http://localhost:8080/hello -c weir.yaml", .doc = "ask a file"},
    CommandExample{.line = "weir explain https://shop.example.com/cart/7 -H 'cookie: a=b' --from 10.0.0.1",
                   .doc = "ask the running weir about a GET with a cookie, from an address"},
    CommandExample{.line = "weir explain 7d8059fc038e2d1c", .doc = "what happened to a request, by its x-request-id"},
};
inline constexpr std::array reload_examples{
    CommandExample{.line = "weir reload", .doc = "take over the edited file, or hear why not"},
    CommandExample{.line = "weir reload --admin unix:/run/weir/admin.sock --json", .doc = "from a deploy script"},
};
inline constexpr std::array history_examples{
    CommandExample{.line = "weir history", .doc = "what ran, when, by whom, and what it changed"},
    CommandExample{.line = "weir history --state /var/lib/weir --json", .doc = "the same without a running weir"},
};
inline constexpr std::array diff_examples{
    CommandExample{.line = "weir diff", .doc = "what would a reload change?"},
    CommandExample{.line = "weir diff 7f3a91c weir.yaml", .doc = "a configuration that ran, and a file"},
    CommandExample{.line = "weir diff old.yaml new.yaml", .doc = "two files"},
};
inline constexpr std::array rollback_examples{
    CommandExample{.line = "weir rollback", .doc = "back to what ran before"},
    CommandExample{.line = "weir rollback 7f3a91c", .doc = "back to one of weir history"},
};
inline constexpr std::array fmt_examples{
    CommandExample{.line = "weir fmt weir.yaml", .doc = "put the layout right, in the file"},
    CommandExample{.line = "weir fmt --check weir.yaml", .doc = "for a pipeline"},
    CommandExample{.line = "weir fmt --explicit weir.yaml | less", .doc = "what holds, defaults and all"},
};
inline constexpr std::array stop_examples{
    CommandExample{.line = "weir stop", .doc = "finish what is in flight, take nothing new"},
};
inline constexpr std::array status_examples{
    CommandExample{.line = "weir status", .doc = "for a person"},
    CommandExample{.line = "weir status --json --admin 127.0.0.1:9902", .doc = "for a program, over TCP"},
};
inline constexpr std::array limits_examples{
    CommandExample{.line = "weir limits", .doc = "for a person"},
    CommandExample{.line = "weir limits --json", .doc = "for a program"},
};
inline constexpr std::array top_examples{
    CommandExample{.line = "weir top", .doc = "who is it? on a terminal, every two seconds"},
    CommandExample{.line = "weir top --by key --rows 30 --once", .doc = "whom do limits refuse most?"},
    CommandExample{.line = "weir top --json", .doc = "for a program, with bounds"},
};
inline constexpr std::array upstream_examples{
    CommandExample{.line = "weir upstream list", .doc = "who serves, how they are and since when"},
    CommandExample{.line = "weir upstream list shop --json", .doc = "one upstream, for a program"},
    CommandExample{.line = "weir upstream drain shop 10.0.0.11:8080 --wait 5m",
                   .doc = "take a server out, and wait for what it has in flight"},
    CommandExample{.line = "weir upstream disable shop 10.0.0.11:8080",
                   .doc = "out at once, with what it has in flight"},
    CommandExample{.line = "weir upstream enable shop 10.0.0.11:8080", .doc = "and back"},
    CommandExample{.line = "weir upstream weight shop 10.0.0.11:8080 5", .doc = "another share; default brings back"},
};
inline constexpr std::array healthcheck_examples{
    CommandExample{.line = "weir healthcheck --ready", .doc = "may a balancer send to it?"},
};
inline constexpr std::array hash_password_examples{
    CommandExample{.line = "weir hash-password --user ann",
                   .doc = "a line for a file of users; the password is asked for"},
    CommandExample{.line = "weir hash-password --algorithm bcrypt --cost 12",
                   .doc = "the hash alone, for htpasswd files"},
};
inline constexpr std::array api_key_examples{
    CommandExample{.line = "weir api-key new partner-a --expires 2027-01-31",
                   .doc = "a key, and the line that knows it"},
};
inline constexpr std::array tls_examples{
    CommandExample{.line = "weir tls doctor shop.example.com", .doc = "why do clients refuse it?"},
    CommandExample{.line = "weir tls doctor fullchain.pem --name shop.example.com", .doc = "before it is installed"},
};
inline constexpr std::array tail_examples{
    CommandExample{.line = "weir tail --status 5xx --route cart --slower 200ms", .doc = "what goes wrong in one route"},
};
inline constexpr std::array demo_origin_examples{
    CommandExample{.line = "weir demo-origin --listen 127.0.0.1:9000", .doc = "something to proxy to, for a try"},
};
inline constexpr std::array schema_examples{
    CommandExample{.line = "weir schema > weir.schema.json", .doc = "write it where the editor looks"},
};
inline constexpr std::array completion_examples{
    CommandExample{.line = "weir completion bash", .doc = "print what bash is to read: source <(weir completion bash)"},
    CommandExample{.line = "weir completion zsh > ~/.zfunc/_weir", .doc = "for zsh, in a folder of its fpath"},
    CommandExample{.line = "weir completion fish > ~/.config/fish/completions/weir.fish", .doc = "for fish"},
};
inline constexpr std::array version_examples{CommandExample{.line = "weir version", .doc = "one line"}};
inline constexpr std::array help_examples{CommandExample{.line = "weir help explain", .doc = "all about one command"}};

}  // namespace weir
