#include "appcore/importers/source.hpp"
namespace appcore::importers {
Result<Source> import_export(std::string_view, const ImportOptions&) {
    return Error{"no"};
}
}  // namespace appcore::importers
