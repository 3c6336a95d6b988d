#include "appcore/build.hpp"

// Only this file is compiled with the commit (Makefile), so that a new one rebuilds nothing else.
#ifndef APPCORE_COMMIT
#define APPCORE_COMMIT "unknown"
#endif

namespace appcore {

std::string_view build_commit() {
    return APPCORE_COMMIT;
}

}  // namespace appcore
