// Finding certificates, deciding what is due, doing it.
#include "app/acme/keeper.h"

#include <fmt/format.h>

#include <algorithm>

#include "app/admin/status_page.h"
#include "base/crypto.h"
#include "base/limits.h"
#include "runtime/elsewhere.h"

namespace weir::acme {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

/// How soon a certificate that a reload brought is noticed.
constexpr Duration look_every = milliseconds{200};
/// What others may have put into the vault is noticed within this, and a clock that was set.
constexpr Duration sleep_max = minutes{1};
constexpr Duration sleep_min = milliseconds{100};
/// Who holds the lock has a certificate soon, or gives up.
constexpr Duration locked_retry = seconds{2};
constexpr Duration disk_patience = seconds{10};
constexpr const char* account_key_name = "account.key";
constexpr const char* account_url_name = "account.url";

Trouble here(std::string what) {
  return {.kind = Trouble::Kind::here, .what = std::move(what)};
}

/// The same for the same certificate, whoever asks.
std::uint64_t draw_of(const tls::IssuedFacts& facts) {
  const crypto::Digest digest = crypto::sha256(
      fmt::format("{} {}", facts.names.empty() ? "" : facts.names.front(), facts.until.time_since_epoch().count()));
  std::uint64_t draw = 0;
  for (int at = 0; at < 8; ++at) draw = draw << 8U | digest[at];
  return draw;
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
  const bool wanted = !facts.issued || facts.now >= facts.renewal;
  if (wanted && (!facts.next_try || facts.now >= *facts.next_try)) return {.duty = Duty::have_issued};
  if (!wanted && facts.advice_due && facts.now >= *facts.advice_due) return {.duty = Duty::ask_advice};
  WallTime until = wanted ? *facts.next_try : facts.renewal;
  if (!wanted && facts.advice_due) until = std::min(until, *facts.advice_due);
  return {.duty = Duty::sleep, .sleep = std::clamp<Duration>(until - facts.now, sleep_min, sleep_max)};
}

/// What the keeper itself knows of a certificate.
struct Keeper::Kept {
  std::string seen;  // the text of the certificate that this is about
  WallTime renewal{};
  std::optional<RenewalWindow> window;
  std::optional<WallTime> advice_due;
  std::optional<WallTime> next_try;
  unsigned failures = 0;
};

Keeper::Keeper(Shard& shard, SharedStates& states, std::shared_ptr<const Vault> vault, Tell tell)
    : shard_(shard),
      states_(states),
      vault_(std::move(vault)),
      proofs_(states.find_or_make<ProofTable>(ProofTable::key, &std::make_shared<ProofTable>)),
      tell_(std::move(tell)),
      orders_(shard.reactor, limits::acme_orders_at_once, limits::tls_certificates),
      accounts_(shard.reactor, 1, limits::acme_orders_at_once) {
  proofs_->share(vault_);
}

void Keeper::start() {
  shard_.scope.spawn(look_on());
}

Task<void> Keeper::look_on() {
  while (!stopping_) {
    std::erase_if(attended_, [](const auto& entry) { return entry.second.expired(); });
    for (const auto& each : states_.all<ManagedCertificate>()) {
      if (attended_.try_emplace(each.get(), each).second) shard_.scope.spawn(keep(each));
    }
    if (!co_await Sleep(shard_.reactor, look_every)) co_return;
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
  const KeepingDecision decision = decide_keeping({.issued = certificate.facts().has_value(),
                                                   .renewal = kept.renewal,
                                                   .next_try = kept.next_try,
                                                   .advice_due = kept.advice_due,
                                                   .now = shard_.reactor.wall_now()});
  if (decision.duty == Duty::have_issued) co_await have_issued(certificate, kept);
  if (decision.duty == Duty::ask_advice) co_await ask_advice(certificate, kept);
  co_return decision.duty == Duty::sleep ? decision.sleep : sleep_min;
}

/// What follows from a certificate that is new here, whoever had it issued.
void Keeper::schedule(ManagedCertificate& certificate, Kept& kept) const {
  const auto facts = certificate.facts();
  std::string text = certificate.text();
  if (!facts || text == kept.seen) return;
  kept = {.seen = std::move(text)};
  kept.renewal = renewal_time({.from = facts->from, .until = facts->until}, {}, draw_of(*facts));
  if (!facts->renewal_id.empty()) kept.advice_due = shard_.reactor.wall_now();
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
  if (!pass) co_return;
  certificate.note_begin();
  const Outcome<void> outcome = co_await issue(certificate);
  const WallTime now = shard_.reactor.wall_now();
  if (outcome) {
    certificate.note_end({}, now, {});
    kept.next_try.reset();
    kept.failures = 0;
    co_return;
  }
  const Trouble& trouble = outcome.error();
  const bool locked = trouble.type == locked_elsewhere;
  if (!locked) ++kept.failures;
  const Duration wait = locked ? locked_retry : wait_after(trouble, kept.failures, shard_.reactor.random().next());
  kept.next_try = now + wait;
  certificate.note_end(trouble, now, kept.next_try);
  if (!stopping_ && !locked) tell_trouble(certificate, trouble, wait);
}

void Keeper::tell_trouble(const ManagedCertificate& certificate, const Trouble& trouble, Duration wait) {
  const auto facts = certificate.facts();
  const std::string shown = facts ? "the one that is valid until " + time_text(facts->until) + " stays"
                                  : std::string("clients are shown a self-signed one meanwhile");
  tell_(false,
        fmt::format("certificate {}: {} does not issue it ({}); {}; next try in {} s", certificate.names().front(),
                    certificate.authority().name, trouble.what, shown, std::chrono::ceil<seconds>(wait).count()));
}

Task<Outcome<Vault::Lock>> Keeper::lock(const Url& authority, std::string name) {
  if (vault_ == nullptr) co_return Vault::Lock();
  auto held = from_disk<Vault::Lock>(co_await on_disk(
      shard_.reactor, shard_.executor, [vault = vault_, authority, name] { return vault->lock(authority, name); },
      disk_patience));
  if (!held) co_return fail(held.error());
  if (*held == nullptr) {
    Trouble locked = here("another process that shares the state is having it issued");
    locked.type = locked_elsewhere;
    co_return fail(std::move(locked));
  }
  co_return std::move(*held);
}

Task<Outcome<void>> Keeper::issue(ManagedCertificate& certificate) {
  CO_TRY(const Vault::Lock held, co_await lock(certificate.authority().settings.directory, certificate.file_name()));
  // Somebody may have had it issued since we looked.
  const std::string before = certificate.text();
  co_await take_from_vault(certificate);
  if (certificate.text() != before) co_return Outcome<void>{};
  co_return co_await converse(certificate);
}

Task<Outcome<void>> Keeper::converse(ManagedCertificate& certificate) {
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
    if (issued.error().type == "accountDoesNotExist") known_.erase(authority.settings.directory.text());
    co_return fail(std::move(issued.error()));
  }
  co_return co_await store(certificate, std::move(*issued));
}

/// The account of this process at an authority: remembered, or from the vault, or new.
Task<Outcome<Account>> Keeper::account_at(const Authority& authority, Conversation& conversation) {
  const auto pass = co_await accounts_.enter();
  if (!pass) co_return fail(here("too many wait for the account"));
  const Url directory = authority.settings.directory;
  if (const auto known = known_.find(directory.text()); known != known_.end()) co_return known->second;
  // Two processes that share a vault have one account: whoever is first makes it.
  CO_TRY(const Vault::Lock held, co_await lock(directory, "account"));
  Account account;
  if (vault_ != nullptr) {
    CO_TRY(const std::optional<std::string> kept,
           from_disk<std::optional<std::string>>(co_await on_disk(
               shard_.reactor, shard_.executor,
               [vault = vault_, directory] { return vault->read(directory, account_key_name); }, disk_patience)));
    if (kept) account.key = tls::SigningKey::read(*kept);
    if (kept && account.key == nullptr) co_return fail(here("the account's key in the state folder cannot be read"));
  }
  if (account.key == nullptr) {
    account.key = tls::SigningKey::make();
    if (vault_ != nullptr) {
      CO_TRY_VOID(from_disk<void>(co_await on_disk(
          shard_.reactor, shard_.executor,
          [vault = vault_, directory, key = account.key] {
            return vault->write(directory, account_key_name, key->pem());
          },
          disk_patience)));
    }
  }
  // With a key that is known already this finds the account again (RFC 8555 section 7.3).
  CO_TRY(account.url, co_await conversation.open_account(account.key));
  if (vault_ != nullptr) {
    CO_TRY_VOID(from_disk<void>(co_await on_disk(
        shard_.reactor, shard_.executor,
        [vault = vault_, directory, url = account.url] { return vault->write(directory, account_url_name, url); },
        disk_patience)));
  }
  known_[directory.text()] = account;
  co_return account;
}

/// On the disk first: what clients are shown must survive a crash, since authorities count what they issue.
Task<Outcome<void>> Keeper::store(ManagedCertificate& certificate, Issued issued) {
  const std::string text = issued.chain + (issued.chain.ends_with('\n') ? "" : "\n") + issued.key->pem();
  std::string not_kept;
  if (vault_ != nullptr) {
    const Outcome<void> written = from_disk<void>(co_await on_disk(
        shard_.reactor, shard_.executor,
        [vault = vault_, url = certificate.authority().settings.directory, name = certificate.file_name() + ".pem",
         text] { return vault->write(url, name, text); },
        disk_patience));
    if (!written) not_kept = written.error().what;
  }
  const auto taken = co_await on_disk(
      shard_.reactor, shard_.executor,
      [kept = certificate.shared_from_this(), text, now = shard_.reactor.wall_now()] { return kept->take(text, now); },
      no_limit);
  if (!taken) co_return fail(here(text_of(taken.error())));
  if (*taken) {
    co_return fail(Trouble{.kind = Trouble::Kind::refused, .what = "what was issued cannot be used: " + **taken});
  }
  tell_(true, fmt::format("certificate {}: issued by {}, valid until {}", certificate.names().front(),
                          certificate.authority().name, time_text(certificate.facts()->until)));
  if (!not_kept.empty())
    tell_(false, fmt::format("certificate {}: it is used, but a restart will not find it: {}",
                             certificate.names().front(), not_kept));
  co_return Outcome<void>{};
}

Task<void> Keeper::ask_advice(ManagedCertificate& certificate, Kept& kept) {
  const auto facts = certificate.facts();
  Conversation conversation(shard_, certificate.authority().settings);
  Outcome<RenewalAdvice> advice = fail(here("not asked"));
  if (const auto begun = co_await conversation.begin(); !begun)
    advice = fail(begun.error());
  else
    advice = co_await conversation.ask_for_renewal(facts->renewal_id);
  const WallTime now = shard_.reactor.wall_now();
  // An authority that does not answer is asked again later; its last word holds until then (RFC 9773 section 4.3).
  kept.advice_due = now + (advice ? advice->holds : renewal_info_holds({}));
  if (!advice) co_return;
  const bool sooner = advice->window && advice->window != kept.window;
  kept.window = advice->window;
  kept.renewal = renewal_time({.from = facts->from, .until = facts->until}, kept.window, draw_of(*facts));
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

void restore_certificates(SharedStates& states, const Vault& vault, WallTime now, const Keeper::Tell& tell) {
  for (const auto& each : states.all<ManagedCertificate>()) {
    if (each->facts()) continue;
    const auto kept = vault.read(each->authority().settings.directory, each->file_name() + ".pem");
    std::string problem = kept ? "" : kept.error();
    if (kept && *kept) problem = each->take(**kept, now).value_or("");
    if (!problem.empty()) tell(false, fmt::format("certificate {}: not restored: {}", each->names().front(), problem));
    if (!each->facts() && problem.empty())
      tell(true, fmt::format("certificate {}: there is none yet: clients are shown a self-signed one until {} has "
                             "issued it",
                             each->names().front(), each->authority().name));
  }
}

}  // namespace weir::acme
