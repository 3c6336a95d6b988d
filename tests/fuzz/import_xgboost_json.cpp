// The importer of XGBoost's JSON, whatever the file begins with. Input: the file.

#include "appcore/importers/source.hpp"
#include "fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto source = appcore::importers::import_xgboost_json(text, {});
    fuzz::ensure(source.ok() || !source.error().message.empty(), "a refusal says why");
    return 0;
}
