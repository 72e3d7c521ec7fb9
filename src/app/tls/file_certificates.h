// The certificates of a listener, in files that are watched.
//
// Problem: certificates are renewed every few weeks by programs that know nothing of the gateway, and a key that does
// not fit its certificate must never take a site down. The same holds for the keys of tickets, where they are in a
// file. Idea: the files are read when a configuration is compiled, and whatever is wrong with them is said then. Later,
// once a second at most and only when a connection comes, somebody on the executor looks whether a file has changed; if
// so, all of them are read again and what they make together is handed over to the cores. If they make nothing good,
// what there was stays, and the log says why. What authorities say of the certificates (OCSP) lies beside them: an
// answer that is no good is not shown, the last good one is as long as it holds, and none of that keeps anybody from
// serving.
// Certificates that an authority issues (app/acme) stand beside those of files; when one is new, or something new was
// heard of one, that is put together anew with what the files made last.
//
// Invariants
//   (1) A set of files with errors never replaces one without.
//   (2) Files with errors keep nothing else back: neither what was issued, nor what authorities say.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "app/acme/managed_certificate.h"
#include "app/acme/on_demand.h"
#include "app/config/tls.h"
#include "app/tls/ocsp_answers.h"
#include "contracts/certificate_source.h"
#include "contracts/handed_over.h"
#include "contracts/watched_file.h"
#include "net/tls/ocsp.h"

namespace weir {

class FileCertificates final : public CertificateSource,
                               public std::enable_shared_from_this<FileCertificates>,
                               public acme::ManagedCertificate::Follower {
 public:
  struct Around {
    std::string listener;                      ///< its name: tickets hold for it alone
    std::shared_ptr<tls::TicketKeys> tickets;  ///< where no file has them
    std::shared_ptr<tls::HelloRecord> hellos;  ///< of all listeners and reloads, whatever the keys of their tickets
    std::shared_ptr<OcspAnswers> answers;      ///< where they are to be fetched
    WatchedFiles& files;
    Diagnostics& diagnostics;
    std::vector<std::shared_ptr<acme::ManagedCertificate>> managed{};  ///< that an authority issues; shown beside them
    std::shared_ptr<acme::OnDemand> on_demand{};                       ///< null: only names that are written
    std::shared_ptr<tls::ChallengeCertificates> challenges{};          ///< null: no authority looks for proofs here
  };

  /// \returns  null after errors
  static std::shared_ptr<FileCertificates> open(const config::TlsDocument& document, const Around& around,
                                                WallTime now);

  const tls::ServerContext& on(Shard& shard) override;
  [[nodiscard]] bool wants_names() const override { return on_demand_ != nullptr; }
  Task<void> prepare(Shard& shard, std::string name, Duration patience) override;
  /// For those who are on no core.
  [[nodiscard]] std::shared_ptr<const tls::ServerContext> latest() {
    return std::static_pointer_cast<const tls::ServerContext>(content_.latest());
  }

 private:
  explicit FileCertificates(const config::TlsDocument& document, const Around& around);

  /// A file as it was read last.
  struct File {
    std::string path;
    std::string bytes;
    FileStamp stamp;
    std::string unreadable;  // why
    bool is_key = false;
    unsigned version = 0;  // another whenever it was read anew, or cannot be read any more
  };

  /// A certificate, as numbers of its files.
  struct Files {
    std::size_t certificate = 0;
    std::size_t key = 0;
    std::optional<std::size_t> ocsp;
    std::shared_ptr<const tls::Identity> identity;  // what its files made when they were good last
    std::pair<unsigned, unsigned> judged;           // the versions of certificate and key that were looked at last
  };

  /// Somebody who is asked about a certificate, and what was shown of what he said.
  struct Asked {
    std::shared_ptr<OcspAnswers::Question> question;
    std::shared_ptr<const OcspAnswers::Word> word;
  };

  std::size_t add_file(const std::string& written, Place place, bool is_key);
  bool read_files();
  void complain_of_rights(const File& file, Place named_at, const std::string& path, Diagnostics& diagnostics) const;
  static bool complain_of_unreadable(const File& file, Place named_at, const std::string& path,
                                     Diagnostics& diagnostics);
  bool take_files(WallTime now, Diagnostics& diagnostics);
  std::shared_ptr<const tls::ServerContext> put_together(WallTime now, Diagnostics& diagnostics);
  std::shared_ptr<const tls::Identity> read_identity(std::size_t number, WallTime now, Diagnostics& diagnostics) const;
  std::shared_ptr<const tls::Identity> identity_of(std::size_t number, WallTime now, Diagnostics& diagnostics);
  void add_issued(tls::ServerSettings& settings, WallTime now) const;
  void take_staples(tls::ServerSettings& settings, WallTime now, Diagnostics& diagnostics);
  const tls::Staple& read_staple(std::size_t number, const tls::Identity& identity, WallTime now,
                                 Diagnostics& diagnostics);
  [[nodiscard]] Asked ask_about(const std::shared_ptr<const tls::Identity>& identity, WallTime now) const;
  [[nodiscard]] bool has_heard() const;
  void complain_of_trouble(std::size_t number, const tls::Shown& shown, const std::string& trouble,
                           Diagnostics& diagnostics) const;
  void complain_of_missing_staple(std::size_t number, const tls::Identity& identity, Diagnostics& diagnostics) const;
  static void complain_of_answer(const File& file, const config::CertificateDocument& written,
                                 const tls::OcspVerdict& verdict, Diagnostics& diagnostics);
  bool take_clients(tls::ServerSettings& settings, WallTime now, Diagnostics& diagnostics) const;
  bool take_tickets(tls::ServerSettings& settings, Diagnostics& diagnostics) const;
  void look_again(WallTime now);
  void certificate_changed(WallTime now) override;
  void show_issued(WallTime now);
  void tell_of_end(WallTime now);

  const config::TlsDocument document_;
  const std::string listener_;
  const std::shared_ptr<tls::TicketKeys> tickets_;
  const std::shared_ptr<tls::HelloRecord> hellos_;
  const std::shared_ptr<OcspAnswers> answers_;  // null: nobody is asked
  const std::shared_ptr<const WatchedFileBase::Tell> tell_;
  const std::vector<std::shared_ptr<acme::ManagedCertificate>> managed_;
  const std::shared_ptr<acme::OnDemand> on_demand_;
  const std::shared_ptr<tls::ChallengeCertificates> challenges_;
  std::optional<std::size_t> authorities_;  // the file of those who issue clients' certificates
  std::optional<std::size_t> revocation_;   // the file of what those have taken back
  std::optional<std::size_t> ticket_keys_;

  std::mutex looking_;  // of what follows
  std::vector<File> files_;
  std::vector<Files> pairs_;
  tls::ServerSettings from_files_;           // what they made together when they were good last
  std::vector<tls::Staple> staples_;         // of each certificate the last good one of its file
  std::vector<Asked> asked_;                 // about those that are shown
  std::optional<WallTime> staple_ends_;      // when the first staple is not to be shown any more
  std::optional<WallTime> revocation_ends_;  // when the lists read last will not do any more; nothing: that was told

  std::atomic<unsigned> changes_{0};      // of certificates that are issued, while somebody puts them together
  std::atomic<bool> taking_over_{false};  // somebody is on his way to put an issued one in its place
  HandedOver content_;
};

}  // namespace weir
