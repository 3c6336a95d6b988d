#include "appcore/models/file_model.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>

#include "allocations.hpp"
#include "appcore/importers/compile.hpp"
#include "appcore/models/acm_format.hpp"
#include "appcore/models/sections.hpp"
#include "appcore/system/crc32c.hpp"
#include "catch.hpp"

namespace acm = appcore::models::acm;
using namespace appcore;

namespace {

std::string read_text(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

const std::filesystem::path kFixtures = "tests/models";

// Of the small model below, with the prediction of LightGBM.
const std::vector<double> kFirstRow = {1.7195590751229346,
                                       0.5161405512045351,
                                       -1.211818824808265,
                                       -0.33817492406036215,
                                       0.35761808779728377,
                                       -1.0884494704932133,
                                       2.57004936207953,
                                       0.38784841502710327,
                                       7.0,
                                       3.0};
constexpr double kFirstPrediction = 0.9037197555924474;

// A small compiled model: LightGBM's with categories, as bytes.
std::vector<char> compiled(const std::string& name = "binary-sigmoid-categorical",
                           const importers::Golden& golden = {}) {
    const std::string text = read_text(kFixtures / ("lightgbm-" + name) / "model.txt");
    importers::CompileOptions options;
    options.name = name;
    options.golden = [&golden](const acm::Facts&, std::span<const std::string>) {
        return Result<importers::Golden>(golden);
    };
    const auto file = importers::compile(std::as_bytes(std::span(text)), options);
    if (!file) FAIL(file.error().message);
    const auto* const begin = reinterpret_cast<const char*>(file.value().bytes().data());
    return {begin, begin + file.value().bytes().size()};
}

class TemporaryFile {
  public:
    explicit TemporaryFile(std::span<const char> bytes)
        : path_(std::filesystem::temp_directory_path() / "appcore-file-model-test.acm") {
        std::filesystem::remove(path_);
        std::ofstream(path_, std::ios::binary)
            .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    }
    ~TemporaryFile() { std::filesystem::remove(path_); }
    TemporaryFile(const TemporaryFile&) = delete;
    TemporaryFile& operator=(const TemporaryFile&) = delete;

    [[nodiscard]] std::string path() const { return path_.string(); }

  private:
    std::filesystem::path path_;
};

std::string reason(std::span<const char> bytes) {
    const TemporaryFile file(bytes);
    const auto model = models::FileModel::load(file.path());
    return model ? "" : model.error().message;
}

acm::Section section_of(const std::vector<char>& file, acm::SectionId id) {
    acm::Section section{};
    std::memcpy(&section, file.data() + sizeof(acm::Header) + models::index_of(id) * sizeof section,
                sizeof section);
    return section;
}

// Makes the checksums fit again, as somebody would who alters a file on purpose.
void sign(std::vector<char>& file) {
    auto* const table = file.data() + sizeof(acm::Header);
    for (std::size_t i = 0; i < acm::kSections; ++i) {
        acm::Section section{};
        std::memcpy(&section, table + i * sizeof section, sizeof section);
        if (section.offset > file.size() || section.size > file.size() - section.offset) continue;
        section.checksum =
            system::crc32c(std::as_bytes(std::span(file)).subspan(section.offset, section.size));
        std::memcpy(table + i * sizeof section, &section, sizeof section);
    }
    acm::Header header{};
    std::memcpy(&header, file.data(), sizeof header);
    header.checksum = models::frame_checksum(
        header, std::as_bytes(std::span(file))
                    .subspan(sizeof header, acm::kSections * sizeof(acm::Section)));
    std::memcpy(file.data(), &header, sizeof header);
}

}  // namespace

TEST_CASE("a compiled file predicts, says its version, and allocates nothing for a prediction") {
    const TemporaryFile file(compiled());
    const auto model = models::FileModel::load(file.path());
    REQUIRE(model);
    CHECK(model.value()->version().starts_with("binary-sigmoid"));
    CHECK(model.value()->input().features == 10U);
    double prediction = 0;
    int allocated = 0;
    {
        const allocations::Counter counter;
        prediction = model.value()->predict(kFirstRow);
        allocated = allocations::Counter::count();
    }
    CHECK(prediction == kFirstPrediction);
    CHECK(allocated == 0);
}

TEST_CASE("the same source and options give the same bytes") {
    CHECK(compiled() == compiled());
}

TEST_CASE("every flipped byte of a compiled file is found") {
    const std::vector<char> whole = compiled("random-forest");
    REQUIRE(reason(whole).empty());
    for (std::size_t at = 0; at < whole.size(); at += 37) {
        std::vector<char> altered = whole;
        altered[at] = static_cast<char>(altered[at] ^ 0x10);
        INFO("byte " << at);
        CHECK_FALSE(reason(altered).empty());
    }
}

TEST_CASE("a compiled file that was cut or got longer is refused") {
    const std::vector<char> whole = compiled();
    for (const std::size_t size :
         {std::size_t{1}, std::size_t{64}, whole.size() / 2, whole.size() - 1}) {
        CHECK_FALSE(reason(std::span(whole).first(size)).empty());
    }
    std::vector<char> longer = whole;
    longer.push_back(0);
    CHECK(reason(longer).find("the file is damaged") != std::string::npos);
}

TEST_CASE("a file of a newer format is refused by its version, not read as this one") {
    std::vector<char> newer = compiled();
    newer[offsetof(acm::Header, format_version)] = acm::kFormatVersion + 1;
    sign(newer);
    CHECK(reason(newer).find("format version 2") != std::string::npos);
}

TEST_CASE("a file whose golden rows come out differently is not served") {
    std::vector<char> altered =
        compiled("binary-sigmoid-categorical", {kFirstRow, {kFirstPrediction}});
    CHECK(reason(altered).empty());
    altered[section_of(altered, acm::SectionId::golden_predictions).offset] ^= 1;
    sign(altered);
    CHECK(reason(altered).find("golden row 1: the model predicts") != std::string::npos);
}

TEST_CASE("a term of a linear leaf names a feature that is there") {
    std::vector<char> altered = compiled("linear-trees");
    const acm::Section terms = section_of(altered, acm::SectionId::terms);
    acm::Term term{};
    std::memcpy(&term, altered.data() + terms.offset, sizeof term);
    term.feature = 10;  // the model has 10
    std::memcpy(altered.data() + terms.offset, &term, sizeof term);
    sign(altered);
    CHECK_FALSE(reason(altered).empty());
}

TEST_CASE("nodes of a file whose checksums fit are checked one by one") {
    const std::vector<char> whole = compiled("random-forest");
    const acm::Section nodes = section_of(whole, acm::SectionId::nodes);
    const auto alter = [&](std::size_t index, auto change) {
        std::vector<char> altered = whole;
        acm::LargeNode node{};
        char* const place = altered.data() + nodes.offset + index * sizeof node;
        std::memcpy(&node, place, sizeof node);
        change(node);
        std::memcpy(place, &node, sizeof node);
        sign(altered);
        return reason(altered);
    };
    CHECK(alter(0, [](acm::LargeNode&) {}).empty());
    CHECK(alter(0, [](acm::LargeNode& node) { node.left_index = 0; }).find("has no children") !=
          std::string::npos);
    CHECK(alter(0, [](acm::LargeNode& node) {
              node.left_index = 0xFFFFFFFF;
          }).find("no children") != std::string::npos);
    CHECK(alter(0, [](acm::LargeNode& node) {
              node.column_index = 60'000;
          }).find("no valid split") != std::string::npos);
    CHECK(alter(0, [](acm::LargeNode& node) { node.key = 1; }).find("no valid split") !=
          std::string::npos);
    CHECK(alter(1, [](acm::LargeNode& node) { node.key = 1; }).find("has no parent") !=
          std::string::npos);
    CHECK(alter(2, [](acm::LargeNode& node) { node.left_index += 2; }).find("tree 0: node") !=
          std::string::npos);
}

TEST_CASE("random alterations of a file whose checksums fit never do more than be refused") {
    const std::vector<char> whole = compiled();
    std::uint64_t state = 1;
    const auto random = [&state] {
        state = state * 6364136223846793005U + 1442695040888963407U;
        return state >> 33U;
    };
    const std::vector<double> row(10, 0.5);
    for (int round = 0; round < 3'000; ++round) {
        std::vector<char> altered = whole;
        for (int i = 0; i < 3; ++i) {
            altered[random() % altered.size()] = static_cast<char>(random());
        }
        sign(altered);
        const TemporaryFile file(altered);
        const auto model = models::FileModel::load(file.path());
        if (model && model.value()->input().features == row.size()) {
            (void)model.value()->predict(row);
        }
    }
    SUCCEED();
}
