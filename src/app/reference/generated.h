// Every page that is made from declarations and committed to the repository, in one table.
//
// Problem: manual pages, completion, the reference and the editors' schema that somebody keeps by hand are wrong by the
// second release.
// Idea: the table of commands (app/commands) and the schemas of the options (contracts/schema.h) already say it all;
// each file here is a pure function of them. A test compares the committed files with what is made now, and
// `./dev generate` writes them.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace weir::reference {

struct GeneratedFile {
  std::string_view path;  ///< in the repository
  std::string (*content)();
};

std::span<const GeneratedFile> generated_files();

/// docs/reference.md
std::string reference_page();
/// JSON Schema (draft 2020-12) for editors.
std::string json_schema();
/// weir(1) and weir.yaml(5), as mdoc(7).
std::string man_of_commands();
std::string man_of_configuration();
std::string completion_for_bash();
std::string completion_for_zsh();
std::string completion_for_fish();

}  // namespace weir::reference
