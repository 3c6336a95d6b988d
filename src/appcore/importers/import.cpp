#include <array>

#include "appcore/importers/source.hpp"

namespace appcore::importers {
namespace {

// Formats that are recognised only to say what to use instead.
struct Refused {
    std::string_view start;
    std::string_view reason;
};

using namespace std::string_view_literals;

constexpr std::string_view kPickle =
    "the file is a Python pickle (or joblib), which may run any program when it is read: use "
    "XGBoost's save_model(\"model.ubj\"), LightGBM's save_model(\"model.txt\"), or for "
    "scikit-learn "
    "appcore_export.py (appcore-model export-script prints it)";

constexpr std::array kRefused = {
    Refused{"\x80\x02"sv, kPickle},
    Refused{"\x80\x03"sv, kPickle},
    Refused{"\x80\x04"sv, kPickle},
    Refused{"\x80\x05"sv, kPickle},
    Refused{"x\x9c"sv, kPickle},  // joblib with zlib
    Refused{"x\x01"sv, kPickle},
    Refused{"x\xda"sv, kPickle},
    Refused{"binf"sv,
            "the file is in XGBoost's old binary format: load it with XGBoost and save it with "
            "save_model(\"model.ubj\")"},
    Refused{"CONFIG-offset:"sv,
            "the file is a pickled XGBoost model: save it with save_model(\"model.ubj\")"},
    Refused{"PK\x03\x04"sv,
            "the file is a zip archive (skops, PyTorch or the like): use XGBoost's or LightGBM's "
            "save_model(), or appcore_export.py for scikit-learn"},
    Refused{"\x1f\x8b"sv, "the file is compressed by gzip: unpack it first"},
    Refused{"\x89"
            "ACM"sv,
            "the file is a compiled model already"},
};

constexpr std::string_view kKnown =
    "appcore reads XGBoost's JSON and UBJSON, LightGBM's text format, and the JSON of "
    "appcore_export.py";

// ONNX is protobuf: field 1 (ir_version), a small number, then usually field 2, the producer.
bool is_onnx(std::string_view text) {
    return text.size() > 3 && text[0] == '\x08' && text[1] > 0 && text[1] < 32 &&
           (text[2] == '\x12' || text[2] == '\x1a' || text[2] == '\x3a' || text[2] == '\x42');
}

// safetensors: the length of a header in 8 bytes, then the header as JSON.
bool is_safetensors(std::string_view text) {
    return text.size() > 10 && text[8] == '{' && text[9] == '"' && text[7] == 0 && text[6] == 0;
}

std::string_view skip_space(std::string_view text) {
    const std::size_t begin = text.find_first_not_of(" \t\r\n");
    return begin == std::string_view::npos ? std::string_view() : text.substr(begin);
}

}  // namespace

Result<Source> import_source(std::string_view text, const ImportOptions& options) {
    for (const Refused& refused : kRefused) {
        if (text.starts_with(refused.start)) return Error{std::string(refused.reason)};
    }
    if (is_safetensors(text)) {
        return Error{"the file is in the safetensors format, which has no trees; " +
                     std::string(kKnown)};
    }
    if (is_onnx(text)) {
        return Error{
            "the file is an ONNX model, which appcore does not read yet: use the model that "
            "it was made from; " +
            std::string(kKnown)};
    }
    if (text.starts_with("tree\n") || text.starts_with("tree\r\n")) {
        return import_lightgbm(text, options);
    }
    const std::string_view rest = skip_space(text);
    if (rest.starts_with('{')) {
        // UBJSON has the type or length of a name behind the brace, JSON a quote or space.
        const std::string_view inside = rest.substr(1);
        if (inside.starts_with('L') || inside.starts_with('i') || inside.starts_with('U') ||
            inside.starts_with('$') || inside.starts_with('#') || inside.starts_with('l') ||
            inside.starts_with('I')) {
            return import_xgboost_ubjson(rest, options);
        }
        const std::string_view head = rest.substr(0, 4096);
        if (head.find("\"appcore-export\"") != std::string_view::npos) {
            return import_export(rest, options);
        }
        return import_xgboost_json(rest, options);
    }
    return Error{"the format of the file is unknown; " + std::string(kKnown)};
}

}  // namespace appcore::importers
