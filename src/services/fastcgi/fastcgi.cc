// Finding the script, settling the length, composing what the application is told.
#include "services/fastcgi/fastcgi.h"

#include <fmt/format.h>

#include <algorithm>

#include "runtime/elsewhere.h"
#include "services/fastcgi/held_body.h"
#include "services/fastcgi/script_memory.h"
#include "upstream/attempt.h"
#include "upstream/forwarding.h"

namespace weir {
namespace {

constexpr Error may_not_look =
    gateway_error(Code::permission_denied, "Weir may not look for scripts below the root; see check_scripts");

using Candidates = Fastcgi::Candidates;

/// What was found: the position of the first that is there, or the number of candidates.
struct Search {
  std::size_t position = 0;
  ScriptFound found = ScriptFound::no;
};

/// By what is remembered, and by what the kernel says at once.
Search search_at_once(const std::string& root, Candidates candidates, ScriptMemory& memory, Time now) {
  Search done;
  for (; done.position < candidates.size(); ++done.position) {
    const std::string_view script = candidates[done.position].script;
    const std::optional<ScriptFound> known = memory.recall(root, script, now);
    done.found = known ? *known : find_script(root, script, DiskWait::never);
    if (!known) memory.keep(root, script, done.found, now);
    if (done.found != ScriptFound::no) break;
  }
  return done;
}

/// Where one may wait for a disk. Owns its texts: whoever asked may be gone before the answer.
class PatientSearch {
 public:
  PatientSearch(const std::string& root, Candidates candidates) : root_(root) {
    for (const ScriptCandidate& candidate : candidates) scripts_.emplace_back(candidate.script);
  }
  Search operator()() const {
    Search done;
    for (; done.position < scripts_.size(); ++done.position) {
      done.found = find_script(root_, scripts_[done.position], DiskWait::allowed);
      if (done.found != ScriptFound::no) break;
    }
    return done;
  }

 private:
  std::string root_;
  std::vector<std::string> scripts_;
};

void remember(const std::string& root, Candidates candidates, const Search& done, ScriptMemory& memory, Time now) {
  for (std::size_t at = 0; at < done.position; ++at) memory.keep(root, candidates[at].script, ScriptFound::no, now);
  if (done.position < candidates.size()) memory.keep(root, candidates[done.position].script, done.found, now);
}

ScriptFacts facts_of(const Search& done) {
  using Look = ScriptFacts::Look;
  switch (done.found) {
    case ScriptFound::yes:
      return {.look = Look::found, .position = static_cast<std::uint32_t>(done.position)};
    case ScriptFound::not_allowed:
      return {.look = Look::impossible, .failure = may_not_look};
    default:
      return {.look = Look::missing};
  }
}

/// The same path with its slash, and the query.
Answer add_slash(Exchange& exchange) {
  const RequestHead& request = exchange.request;
  Answer answer(exchange.arena);
  answer.head.status = 308;
  answer.head.fields.append(FieldName::location, exchange.arena.join(request.path, "/", request.has_query ? "?" : "",
                                                                     request.has_query ? request.query : ""));
  answer.head.framing = {.kind = Framing::Kind::length, .length = 0};
  return answer;
}

}  // namespace

Task<ScriptFacts> Fastcgi::look_for_script(Exchange& exchange, Candidates candidates) const {
  using Look = ScriptFacts::Look;
  if (options_.root.empty()) co_return ScriptFacts{.look = Look::for_none};
  if (!options_.check_scripts) co_return ScriptFacts{.look = Look::forbidden};
  Shard& shard = exchange.shard;
  static const StateKey key("fastcgi/scripts");
  auto& memory = shard.state<ScriptMemory>(key, [] { return std::make_unique<ScriptMemory>(); });
  Search done = search_at_once(options_.root, candidates, memory, shard.reactor.now());
  if (done.found == ScriptFound::would_wait) {
    const Result<Search> patient = co_await on_disk(shard.reactor, shard.executor,
                                                    PatientSearch(options_.root, candidates), limits::disk_patience);
    if (!patient) co_return ScriptFacts{.look = Look::impossible, .failure = patient.error()};
    done = *patient;
    remember(options_.root, candidates, done, memory, shard.reactor.now());
  }
  co_return facts_of(done);
}

Reply Fastcgi::handle(Exchange& exchange) const {
  const std::string_view path = exchange.request.path;
  const Candidates candidates = candidates_for(path, exchange.arena);
  const ScriptFacts facts = co_await look_for_script(exchange, candidates);
  const Result<ScriptCandidate> script = choose_script(path, candidates, facts, exchange.arena);
  exchange.record({.room = "script",
                   .verdict = script ? "found" : "refused",
                   .subject = script ? exchange.arena.copy(script->script) : std::string_view(),
                   .reason = script ? script->reason : name_of(script.error().code),
                   .place = options_.to.place(),
                   .facts = exchange.keeps_facts() ? pack(path, facts, exchange.arena) : ""});
  if (!script) co_return fail(script.error());
  if (script->then == ScriptCandidate::Then::add_slash) co_return add_slash(exchange);
  co_return co_await answer_by(*script, exchange);
}

Task<Result<void>> Fastcgi::settle_length(Exchange& exchange, Framing& framing) const {
  if (exchange.request_body == nullptr || framing.kind == Framing::Kind::length) co_return Result<void>{};
  CO_TRY(std::string content, co_await read_whole(*exchange.request_body, options_.hold));
  framing = {.kind = Framing::Kind::length, .length = content.size()};
  exchange.request_body =
      BodyPointer(exchange.arena.make<HeldBody>(std::move(exchange.request_body), std::move(content)));
  co_return Result<void>{};
}

Reply Fastcgi::answer_by(const ScriptCandidate& script, Exchange& exchange) const {
  Arena& arena = exchange.arena;
  auto& head = *arena.make<RequestHead>(compose_upstream_head(exchange.request, exchange, arena, false));
  CO_TRY_VOID(co_await settle_length(exchange, head.framing));
  const bool has_content = exchange.request_body != nullptr;
  head.cgi_variables = cgi_variables({.head = head,
                                      .client = exchange.client,
                                      .scheme = exchange.connection.scheme(),
                                      .address = exchange.connection.local,
                                      .port = exchange.connection.local_port,
                                      .user = exchange.user,
                                      .content_length = has_content ? std::optional(head.framing.length) : std::nullopt,
                                      .root = options_.root,
                                      .script = script.script,
                                      .path_info = script.path_info,
                                      .configured = options_.params},
                                     arena);
  co_return co_await send_to(*cluster_, exchange, head);
}

Fastcgi::Candidates Fastcgi::candidates_for(std::string_view path, Arena& arena) const {
  return options_.root.empty() ? Candidates() : script_candidates(path, rules_, arena);
}

Effect Fastcgi::rehearse(ImaginedRequest& imagined) const {
  Arena& arena = imagined.head.fields.arena();
  const Candidates candidates = candidates_for(imagined.head.path, arena);
  ScriptFacts facts{.look = options_.root.empty() ? ScriptFacts::Look::for_none : ScriptFacts::Look::forbidden};
  if (!options_.root.empty() && options_.check_scripts) facts = facts_of(PatientSearch(options_.root, candidates)());
  const Result<ScriptCandidate> chosen = choose_script(imagined.head.path, candidates, facts, arena);
  if (facts.look == ScriptFacts::Look::impossible)
    return {.text = "fails: Weir may not look below the root", .answers = true, .status = 500};
  if (!chosen) return {.text = fmt::format("finds no script below {}", options_.root), .answers = true, .status = 404};
  if (facts.look == ScriptFacts::Look::for_none) {
    return {.text = fmt::format("asks the application at upstream {}", cluster_->name()),
            .answers = true,
            .upstreams = {cluster_}};
  }
  if (chosen->then == ScriptCandidate::Then::add_slash) {
    return {.text = fmt::format("redirects to {}/", imagined.head.path), .answers = true, .status = 308};
  }
  return {.text = fmt::format("runs {}{} ({}) at upstream {}", options_.root, chosen->script, chosen->reason,
                              cluster_->name()),
          .answers = true,
          .upstreams = {cluster_}};
}

}  // namespace weir
