// Asking, signing, stepping through an order.
#include "app/acme/conversation.h"

#include <fmt/format.h>

#include <algorithm>

#include "app/acme/jws.h"
#include "app/json_writer.h"
#include "app/printable.h"
#include "base/base64url.h"
#include "base/error_text.h"
#include "base/limits.h"
#include "http/retry_after.h"
#include "net/address.h"
#include "net/tls/issuing.h"

namespace weir::acme {
namespace {

using std::chrono::seconds;

constexpr Duration request_patience = seconds{30};
constexpr Duration pause_max = seconds{10};
/// Nobody is waited for longer in the middle of an order, whatever he says.
constexpr Duration told_pause_max = seconds{60};

Trouble refused(std::string what) {
  return {.kind = Trouble::Kind::refused, .what = std::move(what)};
}
Trouble unreachable(std::string what) {
  return {.kind = Trouble::Kind::unreachable, .what = std::move(what)};
}

Trouble not_understood(std::string_view what) {
  return unreachable(fmt::format("the authority's answer is no {} as ACME has it", what));
}

/// What an answer that is no success means.
Trouble trouble_of(const OutgoingAnswer& answer, WallTime now) {
  const Problem problem = parse_problem(answer.body);
  Trouble trouble{.kind = Trouble::Kind::refused,
                  .what = fmt::format("the authority answers {}: {}", answer.status, text_of(problem)),
                  .type = problem.type,
                  .retry_after = parse_retry_after(answer.field("retry-after"), now)};
  if (answer.status >= 500) trouble.kind = Trouble::Kind::unreachable;
  if (answer.status == 429 || problem.type == "rateLimited") trouble.kind = Trouble::Kind::limited;
  return trouble;
}

bool is_success(const OutgoingAnswer& answer) {
  return answer.status >= 200 && answer.status <= 299;
}

JsonWriter& add_contacts(JsonWriter& json, const std::vector<std::string>& contacts) {
  json.key("contact").begin_array();
  for (const std::string& contact : contacts) json.value("mailto:" + contact);
  return json.end_array();
}

/// What an authority says of an order, whatever it was asked.
Outcome<void> take_order(OrderView& view, const OutgoingAnswer& answer) {
  auto order = parse_order(answer.body);
  if (!order) return fail(not_understood("order"));
  view.order = std::move(*order);
  view.authorizations.resize(view.order.authorizations.size());
  return {};
}

std::string order_payload(const Wish& wish, const Directory& directory, const std::string& profile, bool replaces) {
  JsonWriter json;
  json.begin_object().key("identifiers").begin_array();
  for (const std::string& name : wish.names) {
    json.begin_object().member("type", IpAddress::parse(name) ? "ip" : "dns").member("value", name).end_object();
  }
  json.end_array();
  if (!profile.empty() && !directory.profiles.empty()) json.member("profile", profile);
  if (replaces && !wish.replaces.empty() && !directory.renewal_info.empty()) json.member("replaces", wish.replaces);
  return json.end_object().take();
}

}  // namespace

/// The proofs of one order, taken down however it ends.
class Conversation::Shown {
 public:
  explicit Shown(Proofs& proofs) : proofs_(proofs) {}
  Shown(const Shown&) = delete;
  Shown& operator=(const Shown&) = delete;
  ~Shown() {
    for (const Proof& each : shown_) proofs_.take_down(each);
  }
  Task<Outcome<void>> show(Proof proof) {
    shown_.push_back(std::move(proof));
    co_return co_await proofs_.show(shown_.back());
  }

 private:
  Proofs& proofs_;
  std::vector<Proof> shown_;
};

Task<Outcome<OutgoingAnswer>> Conversation::request(OutgoingRequest request) {
  request.timeout = request_patience;
  const std::string server = request.url.authority();
  Result<OutgoingAnswer> answer = co_await ask(shard_, std::move(request), settings_.context);
  if (!answer) co_return fail(unreachable(fmt::format("{} cannot be asked: {}", server, text_of(answer.error()))));
  if (const std::string_view nonce = answer->field("replay-nonce"); is_token(nonce)) nonce_ = nonce;
  told_to_wait_ = parse_retry_after(answer->field("retry-after"), shard_.reactor.wall_now());
  co_return std::move(*answer);
}

Task<Outcome<void>> Conversation::begin() {
  CO_TRY(const OutgoingAnswer answer, co_await request({.url = settings_.directory}));
  if (const std::string_view elsewhere = answer.field("location"); answer.status / 100 == 3 && !elsewhere.empty())
    co_return fail(refused(fmt::format("the directory is elsewhere (status {}): write directory: {}", answer.status,
                                       printable(elsewhere))));
  if (!is_success(answer)) co_return fail(trouble_of(answer, shard_.reactor.wall_now()));
  const auto directory = parse_directory(answer.body);
  if (!directory) co_return fail(not_understood("directory"));
  directory_ = *directory;
  if (directory_.wants_external_account && !settings_.external_account)
    co_return fail(refused("the authority wants an external account: write tls.acme.external_account"));
  if (!settings_.profile.empty() &&
      std::ranges::find(directory_.profiles, settings_.profile) == directory_.profiles.end()) {
    co_return fail(refused(fmt::format("the authority has no profile {}; it has: {}", settings_.profile,
                                       fmt::join(directory_.profiles, ", "))));
  }
  co_return Outcome<void>{};
}

Task<Outcome<std::string>> Conversation::next_nonce() {
  if (nonce_.empty()) {
    CO_TRY(const OutgoingAnswer answer,
           co_await request({.url = *parse_url(directory_.new_nonce), .method = Method::head}));
    if (!is_success(answer)) co_return fail(trouble_of(answer, shard_.reactor.wall_now()));
    if (nonce_.empty()) co_return fail(not_understood("nonce"));
  }
  co_return std::exchange(nonce_, {});
}

Task<Outcome<OutgoingAnswer>> Conversation::post(std::string url, const Account& account, std::string payload) {
  for (unsigned time = 0;; ++time) {
    CO_TRY(const std::string nonce, co_await next_nonce());
    OutgoingRequest made{
        .url = *parse_url(url),
        .method = Method::post,
        .fields = {{"content-type", "application/jose+json"}},
        .body = sign_message(*account.key, {.url = url, .nonce = nonce, .account = account.url}, payload)};
    CO_TRY(OutgoingAnswer answer, co_await request(std::move(made)));
    if (is_success(answer)) co_return answer;
    Trouble trouble = trouble_of(answer, shard_.reactor.wall_now());
    if (trouble.type != "badNonce" || time == limits::acme_nonce_retries) co_return fail(std::move(trouble));
  }
}

Task<Outcome<std::string>> Conversation::open_account(std::shared_ptr<const tls::SigningKey> key) {
  JsonWriter json;
  add_contacts(json.begin_object().member("termsOfServiceAgreed", true), settings_.contacts);
  if (settings_.external_account) {
    const ExternalAccount& external = *settings_.external_account;
    json.key("externalAccountBinding")
        .raw(external_binding(*key, directory_.new_account, external.key_id, external.secret));
  }
  Account account{.key = std::move(key), .url = {}};
  CO_TRY(const OutgoingAnswer answer, co_await post(directory_.new_account, account, json.end_object().take()));
  account.url = answer.field("location");
  if (!parse_url(account.url)) co_return fail(not_understood("account"));
  // One that is found again keeps what it was told when it was made (section 7.3.1), until it is told anew (7.3.2).
  if (answer.status == 200 && !settings_.contacts.empty()) {
    JsonWriter anew;
    add_contacts(anew.begin_object(), settings_.contacts);
    CO_TRY_VOID(co_await post(account.url, account, anew.end_object().take()));
  }
  co_return account.url;
}

Task<Outcome<OrderView>> Conversation::place_order(const Account& account, const Wish& wish, std::string& url) {
  auto answer = co_await post(directory_.new_order, account, order_payload(wish, directory_, settings_.profile, true));
  // RFC 9773 section 5: what was replaced already is not replaced again, and renewed all the same.
  const bool again = !answer && !wish.replaces.empty() && answer.error().kind == Trouble::Kind::refused;
  if (again) {
    answer = co_await post(directory_.new_order, account, order_payload(wish, directory_, settings_.profile, false));
  }
  if (!answer) co_return fail(std::move(answer.error()));
  url = answer->field("location");
  if (!parse_url(url)) co_return fail(not_understood("order"));
  OrderView view;
  CO_TRY_VOID(take_order(view, *answer));
  co_return view;
}

Task<Outcome<Issued>> Conversation::obtain(const Account& account, const Wish& wish, Proofs& proofs) {
  std::string url;
  CO_TRY(OrderView view, co_await place_order(account, wish, url));
  Shown shown(proofs);
  certificate_key_ = tls::SigningKey::make();
  unsigned looks = 0;
  Act last = Act::give_up;
  while (true) {
    const Step step = next_step(view, wish.challenge);
    if (step.act == Act::give_up) co_return fail(refused(step.why));
    if (step.act == Act::download) break;
    const bool waits = step.act == Act::await_authorization || (step.act == Act::await_order && last == step.act);
    if (waits) {
      if (++looks > limits::acme_polls) co_return fail(unreachable("the authority does not come to a decision"));
      CO_TRY_VOID(co_await pause(looks));
    }
    last = step.act;
    CO_TRY_VOID(co_await take_step(step, account, wish, view, url, shown));
  }
  CO_TRY(OutgoingAnswer answer, co_await post(view.order.certificate, account, {}));
  co_return Issued{.chain = std::move(answer.body), .key = certificate_key_};
}

Task<Outcome<void>> Conversation::take_step(const Step& step, const Account& account, const Wish& wish, OrderView& view,
                                            const std::string& order_url, Shown& shown) {
  switch (step.act) {
    case Act::ask_authorization:
    case Act::await_authorization:
      return ask_authorization(account, view, step.at);
    case Act::answer_challenge:
      return answer_challenge(account, wish, view, step, shown);
    case Act::finalize:
      return finalize(account, wish, view);
    default:
      return ask_order(account, view, order_url);
  }
}

Task<Outcome<void>> Conversation::ask_authorization(const Account& account, OrderView& view, std::size_t at) {
  CO_TRY(const OutgoingAnswer answer, co_await post(view.order.authorizations[at], account, {}));
  auto said = parse_authorization(answer.body);
  if (!said) co_return fail(not_understood("authorization"));
  view.authorizations[at].said = std::move(*said);
  co_return Outcome<void>{};
}

Task<Outcome<void>> Conversation::answer_challenge(const Account& account, const Wish& wish, OrderView& view,
                                                   const Step& step, Shown& shown) {
  AuthorizationView& authorization = view.authorizations[step.at];
  const Challenge challenge = authorization.said->challenges[step.challenge];
  CO_TRY_VOID(co_await shown.show({.kind = wish.challenge,
                                   .name = authorization.said->name,
                                   .token = challenge.token,
                                   .authorization = key_authorization(*account.key, challenge.token)}));
  CO_TRY_VOID(co_await post(challenge.url, account, "{}"));
  authorization.answered = true;
  co_return Outcome<void>{};
}

Task<Outcome<void>> Conversation::finalize(const Account& account, const Wish& wish, OrderView& view) {
  JsonWriter json;
  json.begin_object().member("csr", base64url(tls::certificate_request(*certificate_key_, wish.names))).end_object();
  CO_TRY(const OutgoingAnswer answer, co_await post(view.order.finalize, account, json.take()));
  view.finalized = true;
  co_return take_order(view, answer);
}

Task<Outcome<void>> Conversation::ask_order(const Account& account, OrderView& view, const std::string& url) {
  CO_TRY(const OutgoingAnswer answer, co_await post(url, account, {}));
  co_return take_order(view, answer);
}

/// Longer each time: 1 s, 2 s, ... or what the authority said.
Task<Outcome<void>> Conversation::pause(unsigned time) {
  Duration wait = std::min<Duration>(seconds{time}, pause_max);
  if (told_to_wait_) wait = std::max(wait, std::min(*told_to_wait_, told_pause_max));
  const Result<void> slept = co_await Sleep(shard_.reactor, wait);
  if (!slept) co_return fail(unreachable("given up"));
  co_return Outcome<void>{};
}

Task<Outcome<RenewalAdvice>> Conversation::ask_for_renewal(std::string renewal_id) {
  if (directory_.renewal_info.empty() || renewal_id.empty())
    co_return RenewalAdvice{.window = {}, .holds = renewal_info_holds({})};
  const auto url = parse_url(directory_.renewal_info + "/" + renewal_id);
  if (!url) co_return fail(not_understood("renewalInfo address"));
  CO_TRY(const OutgoingAnswer answer, co_await request({.url = *url}));
  if (!is_success(answer)) co_return fail(trouble_of(answer, shard_.reactor.wall_now()));
  auto window = parse_renewal_window(answer.body);
  if (!window) co_return fail(not_understood("renewalInfo"));
  co_return RenewalAdvice{.window = std::move(window), .holds = renewal_info_holds(told_to_wait_)};
}

}  // namespace weir::acme
