#include "appcore/model_commands/commands.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include "appcore/system/file_descriptor.hpp"
#include "importers/xgboost_document.hpp"

using namespace appcore;
using model_commands::Arguments;

namespace {

// A folder of its own for the files of a test.
class Folder {
  public:
    Folder() {
        std::string name =
            (std::filesystem::temp_directory_path() / "appcore-test-XXXXXX").string();
        REQUIRE(::mkdtemp(name.data()) != nullptr);
        path_ = name;
    }
    ~Folder() { std::filesystem::remove_all(path_); }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;

    [[nodiscard]] std::string path(const std::string& name) const {
        return (path_ / name).string();
    }

    // Writes the file; returns its path.
    [[nodiscard]] std::string write(const std::string& name, const std::string& text) const {
        std::ofstream(path(name), std::ios::binary) << text;
        return path(name);
    }

    [[nodiscard]] std::vector<std::string> names() const {
        std::vector<std::string> found;
        for (const auto& file : std::filesystem::directory_iterator(path_)) {
            found.push_back(file.path().filename().string());
        }
        std::ranges::sort(found);
        return found;
    }

  private:
    std::filesystem::path path_;
};

std::string read(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

Arguments to_compile(const std::string& source, const std::string& output) {
    Arguments arguments;
    arguments.files = {source};
    arguments.output_file = output;
    return arguments;
}

std::string reason(const Result<std::string>& result) {
    return result ? "" : result.error().message;
}

// Files may not become longer than this, as on a disk that is nearly full.
class ShortFiles {
  public:
    explicit ShortFiles(rlim_t bytes) {
        std::signal(SIGXFSZ, SIG_IGN);
        ::getrlimit(RLIMIT_FSIZE, &before_);
        const rlimit limit{bytes, before_.rlim_max};
        ::setrlimit(RLIMIT_FSIZE, &limit);
    }
    ~ShortFiles() {
        ::setrlimit(RLIMIT_FSIZE, &before_);
        std::signal(SIGXFSZ, SIG_DFL);
    }
    ShortFiles(const ShortFiles&) = delete;
    ShortFiles& operator=(const ShortFiles&) = delete;

  private:
    rlimit before_{};
};

}  // namespace

TEST_CASE("what a killed compile has left beside a model is not in the way of the next one") {
    const Folder folder;
    const Arguments arguments = to_compile(
        folder.write("a.json", xgboost_document::Document{}.text()), folder.path("a.acm"));
    REQUIRE(folder.write("a.acm.unfinished", "half a model").size() > 0);
    CHECK(reason(model_commands::compile(arguments)).empty());
    CHECK(read(folder.path("a.acm"))
              .starts_with("\x89"
                           "ACM"));
    CHECK(folder.names() == std::vector<std::string>{"a.acm", "a.json"});
}

TEST_CASE("commands that compile to one path at the same time leave a whole model") {
    const Folder folder;
    const Arguments arguments = to_compile(
        folder.write("a.json", xgboost_document::Document{}.text()), folder.path("a.acm"));
    REQUIRE(model_commands::compile(arguments));
    const std::string whole = read(folder.path("a.acm"));
    std::vector<std::future<std::string>> commands;
    for (int i = 0; i < 4; ++i) {
        commands.push_back(std::async(std::launch::async, [&arguments] {
            std::string reasons;
            for (int round = 0; round < 10; ++round) {
                reasons += reason(model_commands::compile(arguments));
            }
            return reasons;
        }));
    }
    for (auto& command : commands) CHECK(command.get().empty());
    CHECK(read(folder.path("a.acm")) == whole);
    CHECK(folder.names() == std::vector<std::string>{"a.acm", "a.json"});
}

TEST_CASE(
    "a compile waits for the one that writes the same model, and takes nothing away from it") {
    const Folder folder;
    const Arguments arguments = to_compile(
        folder.write("a.json", xgboost_document::Document{}.text()), folder.path("a.acm"));
    const std::string unfinished = folder.write("a.acm.unfinished", "of another command");
    system::FileDescriptor other(::open(unfinished.c_str(), O_RDONLY | O_CLOEXEC));
    REQUIRE(::flock(other.get(), LOCK_EX) == 0);
    auto command =
        std::async(std::launch::async, [&] { return reason(model_commands::compile(arguments)); });
    std::this_thread::sleep_for(std::chrono::milliseconds(100));  // long enough to be in its way
    CHECK(std::rename(unfinished.c_str(), folder.path("placed.acm").c_str()) == 0);
    other = system::FileDescriptor();
    CHECK(command.get().empty());
    CHECK(read(folder.path("placed.acm")) == "of another command");
    CHECK(read(folder.path("a.acm"))
              .starts_with("\x89"
                           "ACM"));
}

TEST_CASE("a compile that fails while it writes leaves the model before, and nothing beside it") {
    const Folder folder;
    const Arguments arguments =
        to_compile(folder.write("a.json", xgboost_document::Document{}.text()),
                   folder.write("a.acm", "the model before"));
    const auto compiled = [&] {
        const ShortFiles limit(500);
        return model_commands::compile(arguments);
    }();
    CHECK(reason(compiled) == folder.path("a.acm") + ": write: File too large");
    CHECK(read(folder.path("a.acm")) == "the model before");
    CHECK(folder.names() == std::vector<std::string>{"a.acm", "a.json"});
    std::filesystem::create_directory(folder.path("folder"));
    const auto placed =
        model_commands::compile(to_compile(arguments.files[0], folder.path("folder")));
    CHECK(reason(placed) == folder.path("folder") + ": rename: Is a directory");
    CHECK(folder.names() == std::vector<std::string>{"a.acm", "a.json", "folder"});
}

TEST_CASE("options for sources are refused for a file that is compiled already") {
    const Folder folder;
    Arguments arguments = to_compile(folder.write("a.json", xgboost_document::Document{}.text()),
                                     folder.path("a.acm"));
    REQUIRE(model_commands::compile(arguments));
    arguments.files = {folder.path("a.acm")};
    CHECK(reason(model_commands::inspect(arguments)).empty());
    arguments.import.output.kind = importers::OutputChoice::Kind::margin;
    CHECK(reason(model_commands::inspect(arguments)).find("is compiled already") !=
          std::string::npos);
}

TEST_CASE("a comparison counts the predictions that differ, and shows the first and the largest") {
    const Folder folder;
    Arguments arguments;
    arguments.rows = folder.write("rows.csv", "0,0\n1,0\n0,0\n1,0\n");
    xgboost_document::Document changed;
    changed.conditions = "[5E-1,-1E0,2E0]";
    arguments.files = {folder.write("old.json", xgboost_document::Document{}.text()),
                       folder.write("new.json", changed.text())};
    CHECK(model_commands::compare(arguments).value() ==
          "2 of 4 predictions differ\n"
          "largest difference 1.0, relative 0.4\n"
          "first in row 2: 1.5 and 2.5\n");
    arguments.files[1] = arguments.files[0];
    CHECK(model_commands::compare(arguments).value() == "0 of 4 predictions differ\n");
}

TEST_CASE("a command refuses the options of others") {
    const std::vector<const char*> arguments = {"a.acm", "--rows", "rows.csv"};
    const auto parsed = model_commands::parse_arguments({"check", 1, "--golden --json"}, arguments);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().message == "unknown option '--rows'");
    CHECK(model_commands::parse_arguments({"predict", 1, "--rows --json"}, arguments));
}
