// What a directory holds, for people and for programs.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "services/files/disk.h"

namespace weir::files {

struct ListingEntry {
  std::string name;
  bool directory = false;
  ByteCount bytes = 0;
  WallTime modified{};
};

struct Listing {
  std::vector<ListingEntry> entries;  ///< directories first, then by name
  bool complete = true;               ///< false: limits::listing_entries are shown, there are more
};

/// Files and directories below `name`, those that links inside the root lead to included; nothing else. Blocks.
Result<Listing> read_directory(const std::string& root, const std::string& name, bool dotfiles);

/// A page; every name is escaped, as text and as a reference. \param path  of the request, canonical, ends in a slash
std::string render_html(std::string_view path, const Listing& listing);
/// `[{"name":"a.txt","type":"file","bytes":3,"modified":"2026-01-01T00:00:00Z"}, ...]`
std::string render_json(const Listing& listing);

}  // namespace weir::files
