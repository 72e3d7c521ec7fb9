// Serves files from a directory.
//
// Idea: two pure decisions with a little input and output between them. resolve() says which file answers a path, from
// what is known of names; decide_answer() says what is answered from it, by RFC 9110's conditions, variants and ranges.
// What is known lies in a FileStore per core and root; in the ordinary case a request is answered without opening, and
// without waiting for, anything.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "contracts/plugin.h"
#include "contracts/schema.h"
#include "services/files/answer.h"
#include "services/files/recorded_answer.h"
#include "services/files/resolve.h"

namespace weir {

struct FilesOptions {
  std::string root;
  std::vector<std::string> index{"index.html"};
  std::vector<std::string> try_names{"$path"};
  std::vector<std::string> precompressed;
  bool listing = false;
  bool dotfiles = false;
  std::string cache_control;
  std::string charset = "utf-8";
  std::vector<std::pair<std::string, std::string>> types;
  std::string default_type = "application/octet-stream";
  bool sendfile = true;
  static const Schema<FilesOptions>& schema();
};

class Files final : public Service {
 public:
  Files(FilesOptions options, Place place);
  Files(const Files&) = delete;
  Files& operator=(const Files&) = delete;

  Reply handle(Exchange& exchange) const override;
  Effect rehearse(ImaginedRequest& imagined) const override;

  [[nodiscard]] const files::Places& places() const { return places_; }

 private:
  [[nodiscard]] files::FileStore& store_of(Shard& shard) const;
  [[nodiscard]] Answer answer_file(Exchange& exchange, files::FileStore& store, const files::KnownNames& names,
                                   const files::Resolution& found) const;
  void describe(Fields& fields, const files::FileEntry& entry, const files::AnswerDecision& decision) const;
  void give_parts(Exchange& exchange, files::FileStore& store, Answer& answer, const files::FileEntry& entry,
                  const files::AnswerDecision& decision) const;
  [[nodiscard]] std::string_view content_type(const files::FileEntry& file, Arena& arena) const;
  Reply answer_listing(Exchange& exchange, files::FileStore& store, std::string_view name) const;
  void record(Exchange& exchange, const files::RecordedVerdict& verdict, const files::AnswerFacts& facts) const;

  const FilesOptions options_;
  const Place place_;
  files::Places places_;
  std::vector<ContentCoding> codings_;
  const StateKey store_key_;
  std::string charset_suffix_;  // "; charset=utf-8"
};

const ServiceKind& files_service();

}  // namespace weir
