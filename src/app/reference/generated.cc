// The table of generated files.
#include "app/reference/generated.h"

#include <array>

namespace weir::reference {

std::span<const GeneratedFile> generated_files() {
  static constexpr std::array files{
      GeneratedFile{.path = "docs/reference.md", .content = reference_page},
      GeneratedFile{.path = "packaging/schema/weir.schema.json", .content = json_schema},
      GeneratedFile{.path = "packaging/man/weir.1", .content = man_of_commands},
      GeneratedFile{.path = "packaging/man/weir.yaml.5", .content = man_of_configuration},
      GeneratedFile{.path = "packaging/completion/weir.bash", .content = completion_for_bash},
      GeneratedFile{.path = "packaging/completion/_weir", .content = completion_for_zsh},
      GeneratedFile{.path = "packaging/completion/weir.fish", .content = completion_for_fish},
  };
  return files;
}

}  // namespace weir::reference
