// Finding certificates, deciding what is due, doing it.
#include "app/acme/keeper.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "app/acme/left_behind.h"
#include "app/acme/on_demand.h"
#include "app/time_text.h"
#include "base/crypto.h"
#include "base/error_text.h"
#include "base/limits.h"
#include "runtime/elsewhere.h"

namespace weir::acme {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

/// Names that were had on demand and failed are let go of within this, and so is what no configuration wants any more.
/// What is new rings.
constexpr Duration look_every = minutes{1};
/// What others may have put into the vault is noticed within this, and a wall clock that was set.
constexpr Duration sleep_max = minutes{1};
constexpr Duration sleep_min = milliseconds{100};
constexpr Duration disk_patience = seconds{10};

Trouble here(std::string what) {
  return {.kind = Trouble::Kind::here, .what = std::move(what)};
}

std::string shown_meanwhile(const CertificateStatus& status) {
  return status.others_shown ? "clients are shown what there was before" : "clients are shown a self-signed one";
}

/// The same for the same certificate, whoever asks.
std::uint64_t draw_of(const tls::IssuedFacts& facts) {
  const crypto::Digest digest = crypto::sha256(
      fmt::format("{} {}", facts.names.empty() ? "" : facts.names.front(), facts.until.time_since_epoch().count()));
  std::uint64_t draw = 0;
  for (int at = 0; at < 8; ++at) draw = draw << 8U | digest[at];
  return draw;
}

Lifetime lifetime_of(const tls::IssuedFacts& facts) {
  return {.from = facts.from, .until = facts.until};
}

/// What makes an account another one to this process. Mail addresses are told to an authority where they have changed.
std::string known_as(const Authority& authority) {
  return fmt::format("{} {} {}", authority.settings.directory.text(), authority.account(),
                     fmt::join(authority.settings.contacts, " "));
}

template <typename T>
Outcome<T> from_disk(Result<Vault::Kept<T>> outcome) {
  if (!outcome) return fail(here(text_of(outcome.error())));
  if (!*outcome) return fail(here(outcome->error()));
  if constexpr (std::is_void_v<T>)
    return {};
  else
    return std::move(**outcome);
}

}  // namespace

KeepingDecision decide_keeping(const KeepingFacts& facts) {
  const bool wanted = !facts.issued || facts.until_renewal <= Duration::zero();
  const bool asks = !wanted && facts.until_advice.has_value();
  if (wanted && facts.rest <= Duration::zero()) return {.duty = Duty::have_issued};
  if (asks && *facts.until_advice <= Duration::zero()) return {.duty = Duty::ask_advice};
  Duration sleep = wanted ? facts.rest : facts.until_renewal;
  if (asks) sleep = std::min(sleep, *facts.until_advice);
  return {.duty = Duty::sleep, .sleep = std::clamp<Duration>(sleep, sleep_min, sleep_max)};
}

/// What the keeper itself knows of a certificate.
struct Keeper::Kept {
  std::string seen;  // the text of the certificate that this is about
  WallTime renewal{};
  std::optional<RenewalWindow> window;
  std::optional<Time> advice_due;
  Time rests_until{};   // nobody is asked for a certificate before
  bool looked = false;  // whatever comes from now on is new
};

Keeper::Keeper(Shard& shard, SharedStates& states, std::shared_ptr<const Vault> vault, Tell tell)
    : shard_(shard),
      states_(states),
      vault_(std::move(vault)),
      proofs_(states.find_or_make<ProofTable>(ProofTable::key, &std::make_shared<ProofTable>)),
      tell_(std::move(tell)),
      orders_(shard.reactor, limits::acme_orders_at_once, limits::tls_certificates),
      accounts_(shard.reactor, 1, limits::acme_orders_at_once),
      bell_(KeeperBell::of(states)),
      rung_(std::make_shared<Signal>(shard.reactor)) {
  proofs_->share(vault_);
  bell_->answer([&reactor = shard.reactor, rung = std::weak_ptr(rung_)] {
    reactor.mailbox().send([rung] {
      if (const auto there = rung.lock()) there->raise();
    });
  });
}

Keeper::~Keeper() {
  bell_->answer({});
}

void Keeper::start() {
  shard_.scope.spawn(look_on());
}

Task<void> Keeper::look_on() {
  while (!stopping_) {
    let_go_of_failed();
    std::erase_if(attended_, [](const auto& entry) { return entry.second.expired(); });
    for (const auto& each : states_.all<ManagedCertificate>()) {
      if (attended_.try_emplace(each.get(), each).second) shard_.scope.spawn(keep(each));
    }
    const Result<void> heard = co_await rung_->wait(look_every);
    if (!heard && heard.error().code != Code::timed_out) co_return;
  }
}

void Keeper::let_go_of_failed() {
  for (const auto& each : states_.all<OnDemand>()) {
    for (const std::string& name : each->let_go_of_failed(shard_.reactor.now(), shard_.reactor.wall_now()))
      tell_(false, fmt::format("certificate {}: given up until a client asks for it again", name));
  }
}

/// Ends when no configuration wants the certificate any more.
Task<void> Keeper::keep(std::weak_ptr<ManagedCertificate> which) {
  Kept kept;
  while (!stopping_) {
    Duration wait{};
    {
      const std::shared_ptr<ManagedCertificate> certificate = which.lock();
      if (certificate == nullptr) co_return;
      wait = co_await attend(*certificate, kept);
    }
    if (!co_await Sleep(shard_.reactor, wait)) co_return;
  }
}

/// Does what is due. \returns  how long nothing is
Task<Duration> Keeper::attend(ManagedCertificate& certificate, Kept& kept) {
  co_await take_from_vault(certificate);
  schedule(certificate, kept);
  const Time now = shard_.reactor.now();
  KeepingFacts facts{.issued = certificate.facts().has_value(),
                     .until_renewal = kept.renewal - shard_.reactor.wall_now(),
                     .rest = kept.rests_until - now};
  if (kept.advice_due) facts.until_advice = *kept.advice_due - now;
  const KeepingDecision decision = decide_keeping(facts);
  if (decision.duty == Duty::have_issued) co_await have_issued(certificate, kept);
  if (decision.duty == Duty::ask_advice) co_await ask_advice(certificate, kept);
  co_return decision.duty == Duty::sleep ? decision.sleep : sleep_min;
}

/// What follows from a certificate that is new here, whoever had it issued.
void Keeper::schedule(ManagedCertificate& certificate, Kept& kept) {
  const bool is_first_look = !std::exchange(kept.looked, true);
  const auto facts = certificate.facts();
  std::string text = certificate.text();
  if (!facts || text == kept.seen) return;
  const Time now = shard_.reactor.now();
  kept = {.seen = std::move(text), .looked = true};
  kept.renewal = renewal_time(lifetime_of(*facts), {}, draw_of(*facts));
  if (!is_first_look) kept.rests_until = now + rest_after(lifetime_of(*facts));
  if (!facts->renewal_id.empty()) kept.advice_due = now + first_advice_in(shard_.reactor.random().next());
  certificate.note_renewal(kept.renewal);
}

Task<void> Keeper::take_from_vault(ManagedCertificate& certificate) {
  if (vault_ == nullptr) co_return;
  using Read = Vault::Kept<std::optional<std::string>>;
  const Result<Read> read = co_await on_disk(
      shard_.reactor, shard_.executor,
      [vault = vault_, url = certificate.authority().settings.directory, name = certificate.file_name() + ".pem"] {
        return vault->read(url, name);
      },
      disk_patience);
  if (!read || !*read || !**read || ***read == certificate.text()) co_return;
  const auto taken = co_await on_disk(
      shard_.reactor, shard_.executor,
      [kept = certificate.shared_from_this(), text = ***read, now = shard_.reactor.wall_now()] {
        return kept->take(text, now);
      },
      no_limit);
  if (taken && !*taken)
    tell_(true, fmt::format("certificate {}: taken over from another process", certificate.names().front()));
}

Task<void> Keeper::have_issued(ManagedCertificate& certificate, Kept& kept) {
  const auto pass = co_await orders_.enter();
  if (!pass) {
    kept.rests_until = shard_.reactor.now() + sleep_max;
    co_return;
  }
  certificate.note_begin();
  const Outcome<void> outcome = co_await issue(certificate);
  certificate.note_end();
  if (outcome) co_return;
  const Trouble& trouble = outcome.error();
  const Duration wait = wait_after(trouble, certificate.failures() + 1, shard_.reactor.random().next());
  kept.rests_until = shard_.reactor.now() + wait;
  certificate.note_trouble(trouble, shard_.reactor.wall_now(), wait);
  if (!stopping_ && trouble.kind != Trouble::Kind::elsewhere) tell_trouble(certificate, trouble, wait);
}

void Keeper::tell_trouble(const ManagedCertificate& certificate, const Trouble& trouble, Duration wait) {
  const auto facts = certificate.facts();
  const bool expired = facts && facts->until <= shard_.reactor.wall_now();
  const std::string shown = expired ? "clients are shown the one that expired at " + time_text(facts->until)
                            : facts ? "the one that is valid until " + time_text(facts->until) + " stays"
                                    : shown_meanwhile(certificate.status(shard_.reactor.wall_now())) + " meanwhile";
  const std::string& authority = certificate.authority().name;
  const std::string failed =
      trouble.kind == Trouble::Kind::here ? "cannot be had from " + authority : authority + " does not issue it";
  tell_(false, fmt::format("certificate {}: {} ({}); {}; next try in {} s", certificate.names().front(), failed,
                           trouble.what, shown, std::chrono::ceil<seconds>(wait).count()));
}

Task<Outcome<Vault::Lock>> Keeper::lock(const Url& authority, std::string name) {
  if (vault_ == nullptr) co_return Vault::Lock();
  auto held = from_disk<Vault::Lock>(co_await on_disk(
      shard_.reactor, shard_.executor, [vault = vault_, authority, name] { return vault->lock(authority, name); },
      disk_patience));
  if (!held) co_return fail(held.error());
  if (*held == nullptr)
    co_return fail(
        Trouble{.kind = Trouble::Kind::elsewhere, .what = "another process that shares the state is having it issued"});
  co_return std::move(*held);
}

Task<Outcome<void>> Keeper::issue(ManagedCertificate& certificate) {
  CO_TRY(Vault::Lock held, co_await lock(certificate.authority().settings.directory, certificate.file_name()));
  // Somebody may have had it issued since we looked.
  const std::string before = certificate.text();
  co_await take_from_vault(certificate);
  if (certificate.text() != before) co_return Outcome<void>{};
  co_return co_await converse(certificate, std::move(held));
}

Task<Outcome<void>> Keeper::converse(ManagedCertificate& certificate, Vault::Lock held) {
  const Authority& authority = certificate.authority();
  Conversation conversation(shard_, authority.settings);
  CO_TRY_VOID(co_await conversation.begin());
  CO_TRY(const Account account, co_await account_at(authority, conversation));
  const auto facts = certificate.facts();
  const Wish wish{.names = certificate.names(),
                  .challenge = certificate.challenge(),
                  .replaces = facts ? facts->renewal_id : std::string()};
  Outcome<Issued> issued = co_await conversation.obtain(account, wish, *this);
  if (!issued) {
    // An authority that has forgotten us is told again who we are.
    if (issued.error().type == "accountDoesNotExist") known_.erase(known_as(authority));
    co_return fail(std::move(issued.error()));
  }
  co_return co_await store(certificate, std::move(*issued), std::move(held));
}

/// The account of this process at an authority: remembered, or from the vault, or new.
Task<Outcome<Account>> Keeper::account_at(const Authority& authority, Conversation& conversation) {
  const auto pass = co_await accounts_.enter();
  if (!pass) co_return fail(here("too many wait for the account"));
  const std::string known_by = known_as(authority);
  if (const auto known = known_.find(known_by); known != known_.end()) co_return known->second;
  // Two processes that share a vault have one account: whoever is first makes it.
  CO_TRY(const Vault::Lock held, co_await lock(authority.settings.directory, authority.account()));
  Account account;
  CO_TRY(account.key, co_await account_key(authority, held));
  // With a key that is known already this finds the account again (RFC 8555 section 7.3).
  CO_TRY(account.url, co_await conversation.open_account(account.key));
  known_[known_by] = account;
  co_return account;
}

/// From the vault, else made and kept there before anybody hears of it.
Task<Outcome<std::shared_ptr<const tls::SigningKey>>> Keeper::account_key(const Authority& authority,
                                                                          Vault::Lock held) {
  if (vault_ == nullptr) co_return tls::SigningKey::make();
  const std::string name = authority.account() + ".key";
  CO_TRY(const std::optional<std::string> kept,
         from_disk<std::optional<std::string>>(co_await on_disk(
             shard_.reactor, shard_.executor,
             [vault = vault_, url = authority.settings.directory, name] { return vault->read(url, name); },
             disk_patience)));
  std::shared_ptr<const tls::SigningKey> key = kept ? tls::SigningKey::read(*kept) : tls::SigningKey::make();
  if (key == nullptr)
    co_return fail(here(vault_->path_of(authority.settings.directory, name) +
                        " is no key that can be read; move it away, and there is a new account"));
  if (!kept) {
    CO_TRY_VOID(co_await write(authority.settings.directory, name, key->pem(), std::move(held)));
  }
  co_return key;
}

/// \param held  kept by the write itself: a disk that is slow goes on with it when nobody waits any more
Task<Outcome<void>> Keeper::write(const Url& authority, std::string name, std::string text, Vault::Lock held) {
  co_return from_disk<void>(co_await on_disk(
      shard_.reactor, shard_.executor,
      [vault = vault_, url = authority, name = std::move(name), text = std::move(text), held = std::move(held)] {
        return vault->write(url, name, text);
      },
      disk_patience));
}

/// On the disk first: what clients are shown must survive a crash, since authorities count what they issue. What is no
/// good does not get there: a restart must find the one before.
Task<Outcome<void>> Keeper::store(ManagedCertificate& certificate, Issued issued, Vault::Lock held) {
  const std::string text = issued.chain + (issued.chain.ends_with('\n') ? "" : "\n") + issued.key->pem();
  if (const auto problem = certificate.judge(text, shard_.reactor.wall_now()))
    co_return fail(Trouble{.kind = Trouble::Kind::refused, .what = "what was issued cannot be used: " + *problem});
  std::string not_kept;
  if (vault_ != nullptr) {
    const Outcome<void> written = co_await write(certificate.authority().settings.directory,
                                                 certificate.file_name() + ".pem", text, std::move(held));
    if (!written) not_kept = written.error().what;
  }
  const auto taken = co_await on_disk(
      shard_.reactor, shard_.executor,
      [kept = certificate.shared_from_this(), text, now = shard_.reactor.wall_now()] { return kept->take(text, now); },
      no_limit);
  if (!taken) co_return fail(here(text_of(taken.error())));
  if (*taken) co_return fail(here(**taken));  // another has come between
  tell_(true, fmt::format("certificate {}: issued by {}, valid until {}", certificate.names().front(),
                          certificate.authority().name, time_text(certificate.facts()->until)));
  if (!not_kept.empty())
    tell_(false, fmt::format("certificate {}: it is used, but a restart will not find it: {}",
                             certificate.names().front(), not_kept));
  co_return Outcome<void>{};
}

Task<Outcome<RenewalAdvice>> Keeper::hear_advice(const Authority& authority, std::string renewal_id) {
  const auto pass = co_await orders_.enter();
  if (!pass) co_return fail(here("too many wait to ask"));
  Conversation conversation(shard_, authority.settings);
  CO_TRY_VOID(co_await conversation.begin());
  co_return co_await conversation.ask_for_renewal(std::move(renewal_id));
}

Task<void> Keeper::ask_advice(ManagedCertificate& certificate, Kept& kept) {
  const auto facts = certificate.facts();
  const Outcome<RenewalAdvice> advice = co_await hear_advice(certificate.authority(), facts->renewal_id);
  const WallTime now = shard_.reactor.wall_now();
  // An authority that does not answer is asked again later; its last word holds until then (RFC 9773 section 4.3).
  kept.advice_due = shard_.reactor.now() + (advice ? advice->holds : renewal_info_holds({}));
  if (!advice) co_return;
  const bool sooner = advice->window && advice->window != kept.window;
  kept.window = advice->window;
  kept.renewal = renewal_time(lifetime_of(*facts), kept.window, draw_of(*facts));
  certificate.note_renewal(kept.renewal);
  if (sooner && kept.renewal <= now)
    tell_(true, fmt::format("certificate {}: {} wants it renewed now{}{}", certificate.names().front(),
                            certificate.authority().name, kept.window->explanation.empty() ? "" : ", see ",
                            kept.window->explanation));
}

Task<Outcome<void>> Keeper::show(const Proof& proof) {
  proofs_->add(proof, shard_.reactor.wall_now());
  if (vault_ == nullptr || proof.kind != ChallengeKind::http_01) co_return Outcome<void>{};
  co_return from_disk<void>(co_await on_disk(
      shard_.reactor, shard_.executor,
      [vault = vault_, token = proof.token, answer = proof.authorization] {
        return vault->write_challenge(token, answer);
      },
      disk_patience));
}

void Keeper::take_down(const Proof& proof) {
  proofs_->remove(proof);
  if (vault_ == nullptr || proof.kind != ChallengeKind::http_01) return;
  shard_.executor.run_on_disk([vault = vault_, token = proof.token] { vault->remove_challenge(token); });
}

void restore_certificates(SharedStates& states, const std::shared_ptr<const Vault>& vault, WallTime now,
                          const Keeper::Tell& tell) {
  for (const auto& each : states.all<OnDemand>()) each->share(vault);
  std::vector<std::shared_ptr<ManagedCertificate>> restored;
  LeftBehind left_behind(*vault);
  for (const auto& each : states.all<ManagedCertificate>()) {
    if (each->facts()) continue;
    const Url& authority = each->authority().settings.directory;
    const std::string file = each->file_name() + ".pem";
    const auto kept = vault->read(authority, file);
    std::string problem = kept ? "" : kept.error();
    if (const auto wrong = kept && *kept ? each->take_quietly(**kept, now) : std::nullopt)
      problem = vault->path_of(authority, file) + ": " + *wrong;
    if (!problem.empty()) tell(false, fmt::format("certificate {}: not restored: {}", each->names().front(), problem));
    const bool alone = !each->facts() && each->others().empty();
    if (alone) each->follow_upon(left_behind.of(each->names(), now));
    if (each->facts() || (alone && !each->others().empty())) restored.push_back(each);
    if (!each->facts() && problem.empty())
      tell(true, fmt::format("certificate {}: there is none yet: {} until {} has issued it", each->names().front(),
                             shown_meanwhile(each->status(now)), each->authority().name));
  }
  // A listener with ten thousand of them is put together once.
  ManagedCertificate::tell_followers(restored, now);
}

}  // namespace weir::acme
