// Reading the files, putting together what they are, and saying what is wrong with them.
#include "app/tls/file_certificates.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "contracts/tls_findings.h"
#include "net/tls/authorities.h"
#include "net/tls/ocsp.h"
#include "net/tls/revocation.h"

namespace weir {
namespace {

std::string advice_for_must_staple(const tls::Identity& identity, const std::string& certificate) {
  const std::string address = tls::ocsp_address(identity.leaf());
  if (address.empty()) return "its authority answers nowhere: have it issued without must-staple";
  return fmt::format(
      "let a timer run: openssl ocsp -issuer ISSUER -cert {0} -url {1} -respout {0}.ocsp, and name that file: ocsp",
      certificate, address);
}

}  // namespace

std::shared_ptr<FileCertificates> FileCertificates::open(const config::TlsDocument& document, const Around& around,
                                                         WallTime now) {
  std::shared_ptr<FileCertificates> made(new FileCertificates(document, around));
  const std::lock_guard lock(made->looking_);
  for (const auto& each : made->managed_) each->follow(made->weak_from_this());
  made->read_files();
  for (const File& file : made->files_) around.files.note(file.path, file.bytes);
  const std::shared_ptr<const tls::ServerContext> context = made->make(now, around.diagnostics);
  if (context == nullptr) return nullptr;
  made->content_.publish(context);
  if (made->revocation_) made->revocation_ends_ = tls::revocation_ends(made->files_[*made->revocation_].bytes);
  return made;
}

FileCertificates::FileCertificates(const config::TlsDocument& document, const Around& around)
    : document_(document),
      listener_(around.listener),
      tickets_(around.tickets),
      answers_(document.fetch_ocsp ? around.answers : nullptr),
      tell_(around.files.tell()),
      managed_(around.managed),
      on_demand_(around.on_demand),
      challenges_(around.challenges) {
  for (const config::CertificateDocument& each : document_.certificates) {
    Files& files = pairs_.emplace_back();
    files.certificate = add_file(each.certificate, each.certificate_place, false);
    files.key = add_file(each.key, each.key_place, true);
    if (!each.ocsp.empty()) files.ocsp = add_file(each.ocsp, each.ocsp_place, false);
  }
  staples_.resize(pairs_.size());
  if (document_.clients) {
    authorities_ = add_file(document_.clients->authorities, document_.clients->place, false);
    if (!document_.clients->revocation.empty())
      revocation_ = add_file(document_.clients->revocation, document_.clients->place, false);
  }
  if (!document_.ticket_keys.empty()) ticket_keys_ = add_file(document_.ticket_keys, document_.ticket_keys_place, true);
}

std::size_t FileCertificates::add_file(const std::string& written, Place place, bool is_key) {
  const std::string path = path_beside(place, written);
  const auto known = std::ranges::find(files_, path, &File::path);
  const auto number = static_cast<std::size_t>(known - files_.begin());
  if (known == files_.end()) files_.push_back({.path = path, .bytes = {}, .stamp = {}, .unreadable = {}});
  files_[number].is_key |= is_key;
  return number;
}

/// \returns whether anything is new
bool FileCertificates::read_files() {
  bool news = false;
  for (File& file : files_) {
    const auto stamp = stamp_of_file(file.path);
    if (stamp && *stamp == file.stamp && file.unreadable.empty()) continue;
    const auto content = read_file(file.path, limits::tls_file_bytes);
    const std::string unreadable = content ? std::string() : content.error();
    news |= content.has_value() || unreadable != file.unreadable;
    file.unreadable = unreadable;
    if (!content) continue;
    file.bytes = content->bytes;
    file.stamp = content->stamp;
  }
  return news;
}

void FileCertificates::complain_of_rights(const File& file, Place named_at, const std::string& path,
                                          Diagnostics& diagnostics) const {
  constexpr std::uint32_t others = 0007;
  if (!file.is_key || (file.stamp.mode & others) == 0) return;
  diagnostics.warning(
      named_at, path,
      fmt::format("everybody on this machine may read the key {} (mode {:04o})", file.path, file.stamp.mode),
      fmt::format("chmod o= {}", file.path));
}

/// \returns  whether it can be read
bool FileCertificates::complain_of_unreadable(const File& file, Place named_at, const std::string& path,
                                              Diagnostics& diagnostics) {
  if (file.unreadable.empty()) return true;
  diagnostics.error(named_at, path, fmt::format("cannot read {}: {}", file.path, file.unreadable),
                    advice_for_unreadable(file.path, file.unreadable));
  return false;
}

std::shared_ptr<const tls::Identity> FileCertificates::read_identity(std::size_t number, WallTime now,
                                                                     Diagnostics& diagnostics) const {
  const config::CertificateDocument& written = document_.certificates[number];
  const File& certificate = files_[pairs_[number].certificate];
  const File& key = files_[pairs_[number].key];
  if (!complain_of_unreadable(certificate, written.certificate_place, written.path, diagnostics) ||
      !complain_of_unreadable(key, written.key_place, written.path, diagnostics))
    return nullptr;
  complain_of_rights(key, written.key_place, written.path, diagnostics);
  std::vector<tls::Finding> findings;
  auto identity = tls::Identity::read(certificate.bytes, key.bytes, now, findings);
  tell_findings(findings, certificate.path, key.path, diagnostics);
  return identity;
}

std::shared_ptr<const tls::ServerContext> FileCertificates::make(WallTime now, Diagnostics& diagnostics) {
  tls::ServerSettings settings{.oldest = document_.oldest,
                               .protocols = document_.protocols,
                               .tickets = document_.session_tickets ? tickets_ : nullptr,
                               .scope = listener_};
  // One record for all listeners and reloads, and whatever the keys of tickets are.
  if (document_.early_data) settings.early_data = {tickets_, &tickets_->hellos()};
  bool good = take_clients(settings, now, diagnostics);
  good &= take_tickets(settings, diagnostics);
  for (std::size_t number = 0; number < pairs_.size(); ++number) {
    auto identity = read_identity(number, now, diagnostics);
    good = good && identity != nullptr;
    if (document_.certificates[number].is_default) settings.default_identity = number;
    settings.identities.push_back(std::move(identity));
  }
  if (!good) return nullptr;
  take_staples(settings, now, diagnostics);
  settings.challenges = challenges_;
  for (const auto& each : managed_) settings.identities.push_back(each->identity(now));
  if (on_demand_ != nullptr) {
    for (const auto& each : on_demand_->all()) {
      if (each->facts()) settings.identities.push_back(each->identity(now));
    }
    // Somebody has to be shown something before the first one is there.
    if (settings.identities.empty()) settings.identities.push_back(acme::stand_in({"on-demand.invalid"}, now));
  }
  if (settings.identities.empty()) return nullptr;  // whoever read the configuration has said what is missing
  auto made = tls::ServerContext::make(settings);
  if (made) return *made;
  const bool files = !document_.certificates.empty();
  diagnostics.error(files ? document_.certificates.front().place : document_.acme->place,
                    files ? document_.certificates.front().path : document_.acme->path,
                    "these certificates cannot be used: " + made.error());
  return nullptr;
}

/// Whatever is wrong with what authorities say is a warning: without it clients believe certificates, too.
void FileCertificates::take_staples(tls::ServerSettings& settings, WallTime now, Diagnostics& diagnostics) {
  staple_ends_.reset();
  for (std::size_t number = 0; number < pairs_.size(); ++number) {
    const tls::Staple& staple = take_staple(number, settings.identities[number], now, diagnostics);
    if (!staple.answer.empty()) staple_ends_ = std::min(staple.until, staple_ends_.value_or(staple.until));
  }
  if (staple_ends_) settings.staples = staples_;
}

/// What the file has to say of it; if that is no good, what it had to say before, as long as that holds.
const tls::Staple& FileCertificates::take_staple(std::size_t number, const std::shared_ptr<const tls::Identity>& made,
                                                 WallTime now, Diagnostics& diagnostics) {
  const tls::Identity& identity = *made;
  const config::CertificateDocument& written = document_.certificates[number];
  const auto judge = [&](std::string_view answer) {
    return tls::judge_ocsp(answer, identity.leaf(), identity.issuer(), now);
  };
  tls::Staple& kept = staples_[number];
  if (!kept.answer.empty() && judge(kept.answer).status != tls::CertificateStatus::good) kept = {};
  if (pairs_[number].ocsp) {
    const File& file = files_[*pairs_[number].ocsp];
    const tls::OcspVerdict verdict = file.unreadable.empty() ? judge(file.bytes) : tls::OcspVerdict{};
    if (verdict.status == tls::CertificateStatus::good)
      kept = {.answer = file.bytes, .until = verdict.until};
    else
      complain_of_answer(file, written, verdict, diagnostics);
    if (verdict.status == tls::CertificateStatus::revoked) kept = {};
  } else if (answers_ != nullptr) {
    take_fetched(kept, number, made, now, diagnostics);
  }
  if (kept.answer.empty() && tls::must_staple(identity.leaf()))
    diagnostics.warning(written.certificate_place, written.path,
                        fmt::format("the certificate of {} must not be believed without what its authority says of it "
                                    "(must-staple), and nothing is shown: clients refuse it",
                                    identity.title()),
                        advice_for_must_staple(identity, files_[pairs_[number].certificate].path));
  return kept;
}

/// Who was asked may have said something by now.
void FileCertificates::take_fetched(tls::Staple& kept, std::size_t number,
                                    const std::shared_ptr<const tls::Identity>& identity, WallTime now,
                                    Diagnostics& diagnostics) {
  const std::string question = answers_->want(identity);
  if (question.empty()) return;
  const OcspAnswers::Word word = answers_->word(question);
  const tls::OcspVerdict verdict = tls::judge_ocsp(word.answer, identity->leaf(), identity->issuer(), now);
  const bool good = !word.answer.empty() && verdict.status == tls::CertificateStatus::good;
  kept = good ? tls::Staple{.answer = word.answer, .until = verdict.until} : tls::Staple{};
  if (word.trouble.empty()) return;
  const config::CertificateDocument& written = document_.certificates[number];
  diagnostics.warning(
      written.certificate_place, written.path,
      fmt::format("the authority of {} says nothing that can be shown: {}", identity->title(), word.trouble),
      good ? "its last answer is shown as long as it holds; it is asked again" : "it is asked again");
}

void FileCertificates::complain_of_answer(const File& file, const config::CertificateDocument& written,
                                          const tls::OcspVerdict& verdict, Diagnostics& diagnostics) {
  if (!file.unreadable.empty())
    return diagnostics.warning(written.ocsp_place, written.path,
                               fmt::format("cannot read {}: {}; it is not shown", file.path, file.unreadable),
                               advice_for_unreadable(file.path, file.unreadable));
  const Place place{.file_name = intern_file_name(file.path), .line = 0, .column = 0};
  diagnostics.warning(place, written.path, fmt::format("this OCSP answer is not shown: {}", verdict.what),
                      verdict.advice);
}

/// What is asked of clients. \returns  false after an error
bool FileCertificates::take_clients(tls::ServerSettings& settings, WallTime now, Diagnostics& diagnostics) const {
  if (!document_.clients) return true;
  const config::ClientCertificatesDocument& clients = *document_.clients;
  const File& file = files_[*authorities_];
  if (!complain_of_unreadable(file, clients.place, clients.path, diagnostics)) return false;
  const std::vector<tls::Finding> of_authorities = tls::judge_authorities(file.bytes, now);
  tell_findings(of_authorities, file.path, file.path, diagnostics);
  if (std::ranges::any_of(of_authorities, &tls::Finding::error)) return false;
  if (revocation_) {
    const File& lists = files_[*revocation_];
    if (!complain_of_unreadable(lists, clients.place, clients.path + ".revocation", diagnostics)) return false;
    const std::vector<tls::Finding> findings = tls::judge_revocation(lists.bytes, file.bytes, now);
    tell_findings(findings, lists.path, lists.path, diagnostics);
    if (std::ranges::any_of(findings, &tls::Finding::error)) return false;
    settings.client_revocation = lists.bytes;
  }
  settings.clients = clients.mode;
  settings.client_authorities = file.bytes;
  settings.client_depth = clients.depth;
  settings.tells_upstreams = clients.forward;
  return true;
}

/// Keys that several machines share. \returns  false after an error
bool FileCertificates::take_tickets(tls::ServerSettings& settings, Diagnostics& diagnostics) const {
  if (!ticket_keys_) return true;
  const File& file = files_[*ticket_keys_];
  const Place named_at = document_.ticket_keys_place;
  const std::string path = document_.path + ".ticket_keys";
  if (!complain_of_unreadable(file, named_at, path, diagnostics)) return false;
  complain_of_rights(file, named_at, path, diagnostics);
  const auto keys = tls::TicketKeys::read(file.bytes);
  if (keys) {
    settings.tickets = *keys;
    if (document_.early_data)
      diagnostics.warning(document_.early_data_place, document_.path + ".early_data",
                          "machines that share ticket_keys do not know of each other's early data: a request may be "
                          "sent again to each of them once",
                          "leave one of the two out, unless such requests are harmless to your upstreams");
    return true;
  }
  diagnostics.error(named_at, path, fmt::format("{} holds no keys of tickets: {}", file.path, keys.error()),
                    fmt::format("openssl rand 80 > {}, and give all machines the same", file.path));
  return false;
}

const tls::ServerContext& FileCertificates::on(Shard& shard) {
  if (content_.look_is_due(shard.reactor.now())) {
    if (answers_ != nullptr) answers_->ask_what_is_due(shard, shard.reactor.wall_now());
    shard.executor.run([kept = shared_from_this(), now = shard.reactor.wall_now()] { kept->look_again(now); });
  }
  return *static_cast<const tls::ServerContext*>(content_.on(shard.id));
}

void FileCertificates::look_again(WallTime now) {
  const std::lock_guard lock(looking_);
  const bool changed = read_files();
  const bool stale = staple_ends_ && now >= *staple_ends_;
  const std::uint64_t version = answers_ == nullptr ? 0 : answers_->version();
  const bool heard = std::exchange(answers_seen_, version) != version;
  if (!changed && !stale && !heard) return tell_of_end(now);
  Diagnostics diagnostics;
  const std::shared_ptr<const tls::ServerContext> made = make(now, diagnostics);
  if (made != nullptr) content_.publish(made);
  if (made != nullptr && revocation_) revocation_ends_ = tls::revocation_ends(files_[*revocation_].bytes);
  if (!*tell_) return;
  if (made == nullptr)
    (*tell_)(false,
             fmt::format("{}listener {}: certificates have changed and have mistakes; those before stay in force",
                         diagnostics.text(), listener_));
  else if (heard && !changed)
    (*tell_)(diagnostics.all().empty(), fmt::format("{}listener {}: authorities were asked about its certificates",
                                                    diagnostics.text(), listener_));
  else if (!changed)
    (*tell_)(false, fmt::format("{}listener {}: an OCSP answer has become stale, and is not shown any more",
                                diagnostics.text(), listener_));
  else
    (*tell_)(true, fmt::format("{}listener {}: certificates are read again, because a file has changed",
                               diagnostics.text(), listener_));
}

Task<void> FileCertificates::prepare(Shard& shard, std::string name, Duration patience) {
  // An authority takes seconds: who waits for it looks ever more seldom, so that a thousand who wait cost little.
  constexpr Duration look_every_max = std::chrono::milliseconds{400};
  Duration look_every = std::chrono::milliseconds{25};
  const Time deadline = deadline_after(shard.reactor.now(), patience);
  if (on(shard).knows(name)) co_return;
  const std::shared_ptr<acme::ManagedCertificate> certificate = co_await on_demand_->certificate_for(shard, name);
  if (certificate == nullptr) co_return;
  certificate->follow(weak_from_this());
  // One that was issued before anybody here asked: of many clients the first sends somebody.
  if (certificate->facts() && !latest()->knows(name) && !taking_over_.exchange(true)) {
    shard.executor.run([kept = shared_from_this(), now = shard.reactor.wall_now()] {
      kept->taking_over_ = false;
      kept->certificate_changed(now);
    });
  }
  // It is being issued, or put in its place: whoever came first waits, and others with him.
  while (!on(shard).knows(name) && shard.reactor.now() < deadline) {
    if (certificate->has_just_failed()) co_return;  // it comes later, if at all
    if (!co_await Sleep(shard.reactor, std::min(look_every, deadline - shard.reactor.now()))) co_return;
    look_every = std::min(look_every * 2, look_every_max);
  }
}

/// An authority has issued another; who had it issued has told of it. Of many that change at once the first puts all
/// together, and once more for those that have changed meanwhile: nobody else waits for it.
void FileCertificates::certificate_changed(WallTime now) {
  unsigned seen = 1;
  if (changes_.fetch_add(1) > 0) return;
  do {
    put_together(now);
  } while (!changes_.compare_exchange_strong(seen, 0));
}

void FileCertificates::put_together(WallTime now) {
  const std::lock_guard lock(looking_);
  Diagnostics diagnostics;
  if (const std::shared_ptr<const tls::ServerContext> made = make(now, diagnostics)) return content_.publish(made);
  if (*tell_)
    (*tell_)(false, fmt::format("{}listener {}: a new certificate cannot be shown, because files beside it have "
                                "mistakes; those before stay in force",
                                diagnostics.text(), listener_));
}

/// Lists that nobody replaces shut everybody out: said once.
void FileCertificates::tell_of_end(WallTime now) {
  if (!revocation_ends_ || now < *revocation_ends_) return;
  revocation_ends_.reset();
  if (!*tell_) return;
  Diagnostics diagnostics;
  tell_findings(tls::judge_revocation(files_[*revocation_].bytes, {}, now), files_[*revocation_].path, {}, diagnostics);
  (*tell_)(false,
           fmt::format("{}listener {}: a list of revoked certificates has expired", diagnostics.text(), listener_));
}

}  // namespace weir
