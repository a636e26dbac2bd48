#include "thunderline/cerebros/keras/archive/hdf5_reader.h"

#include <gtest/gtest.h>
#include <hdf5.h>

#include "tests/support/keras_models.h"
#include "thunderline/base/npz.h"
#include "thunderline/cerebros/keras/archive/hdf5_writer.h"

namespace thunderline::cerebros::keras {
namespace {

const std::string kGolden = std::string(THUNDERLINE_SOURCE_DIR) + "/tests/golden/keras/";

std::string golden(const std::string& name) {
  return read_file(posix_file_system(), kGolden + name).value();
}

std::span<const std::byte> bytes(const std::string& text) { return std::as_bytes(std::span(text)); }

std::vector<float> layout_values() {
  return read_npz(posix_file_system(), kGolden + "layouts.npz").value().at("values").to_floats();
}

/// Every dataset of a file, by whichever reader takes it; errors are fine, crashes are not.
size_t read_everything(const std::string& text) {
  size_t read = 0;
  Hdf5Limits limits;
  limits.max_dataset_bytes = 1 << 20;
  const auto file = Hdf5Reader::open(bytes(text), "fuzz.h5", limits);
  if (!file) return 0;
  for (const std::string& path : file->paths()) {
    read += file->read_floats(path) ? 1 : 0;
    read += file->read_integers(path) ? 1 : 0;
    read += file->attribute(path, "name") ? 1 : 0;
  }
  return read;
}

/// layouts.h5 has symbol tables, layouts_latest.h5 link messages and dense links; both as h5py
/// wrote them (tests/golden/keras/generate.py).
class Layouts : public ::testing::TestWithParam<const char*> {
 protected:
  const std::string text_ = golden(GetParam());
  const Hdf5Reader file_ = Hdf5Reader::open(bytes(text_), GetParam()).value();
};

TEST_P(Layouts, FindsEveryObject) {
  EXPECT_TRUE(file_.contains("a/b/c"));
  EXPECT_TRUE(file_.contains("integers/i8"));
  EXPECT_FALSE(file_.contains("a/x"));
  for (int i = 0; i < 40; ++i) {
    const std::string path = std::string("many/member_") + (i < 10 ? "0" : "") + std::to_string(i);
    EXPECT_EQ(file_.read_floats(path).value().data, std::vector<float>{static_cast<float>(i)});
  }
}

TEST_P(Layouts, ReadsFloatsOfEveryLayoutAndByteOrder) {
  const std::vector<float> values = layout_values();
  for (const char* path : {"contiguous", "double", "big_endian", "chunked", "deflated"}) {
    if (!file_.contains(path)) continue;
    EXPECT_EQ(file_.read_floats(path).value(), (Tensor{{30, 17}, values})) << path;
  }
  const Tensor compact = file_.read_floats("compact").value();
  EXPECT_EQ(compact.shape, (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(compact.data[3], values[17]);
  EXPECT_EQ(file_.read_floats("scalar").value(), (Tensor{{}, {2.5f}}));
  EXPECT_EQ(file_.read_floats("empty").value(), (Tensor{{0, 4}, {}}));
}

TEST_P(Layouts, ReadsIntegersOfEverySizeAndByteOrder) {
  for (const char* path : {"integers/i8", "integers/i4", "integers/i2", "integers/i1"}) {
    EXPECT_EQ(file_.read_integers(path).value(), (std::vector<int64_t>{-5, 0, 7})) << path;
  }
  EXPECT_EQ(file_.read_integers("integers/u4").value(), (std::vector<int64_t>{4000000000}));
}

TEST_P(Layouts, ReadsStringAttributes) {
  EXPECT_EQ(file_.attribute("a/b/c", "name").value(), "caf\xc3\xa9");
  EXPECT_EQ(file_.attribute("a/b/c", "fixed").value(), "fixed");
  EXPECT_EQ(file_.attribute("a/b/c", "other").value(), std::nullopt);
}

TEST_P(Layouts, SaysWhatIsNotThereOrOfAnotherType) {
  EXPECT_EQ(file_.read_floats("a/x").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(file_.read_floats("a/b").error().code, ErrorCode::kBadData);
  EXPECT_EQ(file_.read_floats("integers/i8").error().where, std::string(GetParam()) +
            ": integers/i8");
  EXPECT_EQ(file_.read_integers("contiguous").error().code, ErrorCode::kBadData);
}

TEST_P(Layouts, SurvivesEveryCut) {
  const size_t whole = read_everything(text_);
  EXPECT_GT(whole, 50u);
  for (size_t size = 0; size < text_.size(); size += 97) {
    EXPECT_LE(read_everything(text_.substr(0, size)), whole) << size;
  }
}

TEST_P(Layouts, SurvivesChangedBytes) {
  Random random(11);
  for (int round = 0; round < 3000; ++round) {
    std::string changed = text_;
    for (int flips = 0; flips < 1 + round % 4; ++flips) {
      // The first bytes hold the structure; most of the rest is data.
      const uint64_t span = round % 2 == 0 ? changed.size() : 8192;
      changed[random.below(span)] = static_cast<char>(round % 3 == 0 ? 0xff : random.below(256));
    }
    read_everything(changed);
  }
}

INSTANTIATE_TEST_SUITE_P(H5py, Layouts, ::testing::Values("layouts.h5", "layouts_latest.h5"));

TEST(Hdf5Reader, ReadsChunksPlainAndDeflated) {
  const std::string text = golden("layouts.h5");
  const auto file = Hdf5Reader::open(bytes(text), "layouts.h5").value();
  EXPECT_EQ(file.shape("chunked").value(), (std::vector<int64_t>{30, 17}));
  EXPECT_EQ(file.read_floats("deflated").value().data, layout_values());
}

TEST(Hdf5Reader, RefusesWhatIsNoHdf5) {
  EXPECT_EQ(Hdf5Reader::open({}, "x").error().message, "not an HDF5 file");
  EXPECT_EQ(Hdf5Reader::open(bytes("PK\x03\x04"), "x").error().code, ErrorCode::kBadData);
}

TEST(Hdf5Reader, KeepsToItsLimits) {
  const std::string text = golden("layouts.h5");
  Hdf5Limits limits;
  limits.max_objects = 10;
  EXPECT_FALSE(Hdf5Reader::open(bytes(text), "x", limits));
  limits = {};
  limits.max_depth = 2;
  EXPECT_EQ(Hdf5Reader::open(bytes(text), "x", limits).error().code, ErrorCode::kResourceLimit);
  limits = {};
  limits.max_dataset_bytes = 100;
  EXPECT_EQ(Hdf5Reader::open(bytes(text), "x", limits).value().read_floats("double").error().code,
            ErrorCode::kResourceLimit);
}

TEST(Hdf5Writer, WritesWhatTheReaderReadsBack) {
  Random random(3);
  const Tensor tensor = testing::random_tensor({4, 3}, random);
  const Hdf5Object objects[] = {{"layers/dense/vars", {}, {{"name", "caf\xc3\xa9"}}},
                                {"layers/dense/vars/0", &tensor, {}},
                                {"optimizer/vars/0", int64_t{-7}, {}},
                                {"optimizer/vars/1", 0.25f, {}}};
  const std::string text = hdf5_bytes(objects).value();
  EXPECT_EQ(text, hdf5_bytes(objects).value());
  const auto file = Hdf5Reader::open(bytes(text), "x").value();
  EXPECT_EQ(file.read_floats("layers/dense/vars/0").value(), tensor);
  EXPECT_EQ(file.read_integers("optimizer/vars/0").value(), std::vector<int64_t>{-7});
  EXPECT_EQ(file.read_floats("optimizer/vars/1").value(), (Tensor{{}, {0.25f}}));
  EXPECT_EQ(file.attribute("layers/dense/vars", "name").value(), "caf\xc3\xa9");
}

TEST(Hdf5Writer, SaysWhatLibhdf5Refuses) {
  const Hdf5Object objects[] = {{"a", {}, {}}, {"a", {}, {}}};
  const Error error = hdf5_bytes(objects).error();
  EXPECT_EQ(error.code, ErrorCode::kInternal);
  EXPECT_EQ(error.where, "a");
}

/// Makes a file with links that lead out of the tree of groups.
std::string file_with_link(bool external) {
  const std::lock_guard lock(hdf5_mutex());
  const hid_t access = H5Pcreate(H5P_FILE_ACCESS);
  H5Pset_fapl_core(access, 4096, 0);
  const hid_t file = H5Fcreate("links.h5", H5F_ACC_TRUNC, H5P_DEFAULT, access);
  const hid_t group = H5Gcreate2(file, "group", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  if (external) {
    H5Lcreate_external("/etc/passwd", "/x", group, "out", H5P_DEFAULT, H5P_DEFAULT);
  } else {
    H5Lcreate_hard(file, "/", group, "up", H5P_DEFAULT, H5P_DEFAULT);
  }
  H5Fflush(file, H5F_SCOPE_GLOBAL);
  std::string text(static_cast<size_t>(H5Fget_file_image(file, nullptr, 0)), '\0');
  H5Fget_file_image(file, text.data(), text.size());
  H5Gclose(group);
  H5Fclose(file);
  H5Pclose(access);
  return text;
}

TEST(Hdf5Reader, RefusesExternalLinks) {
  const Error error = Hdf5Reader::open(bytes(file_with_link(true)), "x").error();
  EXPECT_EQ(error.message, "the HDF5 file uses what is not supported: external link \"out\"");
}

TEST(Hdf5Reader, RefusesGroupsThatContainThemselves) {
  const Error error = Hdf5Reader::open(bytes(file_with_link(false)), "x").error();
  EXPECT_EQ(error.message, "the HDF5 file is damaged: the group \"group/up\" contains itself");
}

}  // namespace
}  // namespace thunderline::cerebros::keras
