// Where the binary begins. What it can do is in app/commands.
#include "app/commands/commands.h"

int main(int argc, char** argv) {
  return weir::run_weir(argc, argv);
}
