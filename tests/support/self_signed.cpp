#include "support/self_signed.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <memory>
#include <random>

namespace torchhub::testing {
namespace {

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
struct Close {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, Close>;

File open_for_writing(const std::filesystem::path& path) {
  return File(std::fopen(path.c_str(), "w"));
}

void add_extension(X509& certificate, int id, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, &certificate, &certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, id, value);
  X509_add_ext(&certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

}  // namespace

void write_self_signed(const std::filesystem::path& certificate, const std::filesystem::path& key) {
  const Key pair(EVP_EC_gen("P-256"), &EVP_PKEY_free);
  const Certificate made(X509_new(), &X509_free);
  X509_set_version(made.get(), 2);  // counted from 0: version 3
  ASN1_INTEGER_set(X509_get_serialNumber(made.get()), std::random_device()() & 0x7fffffff);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), -3600);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), 86400);
  X509_set_pubkey(made.get(), pair.get());
  X509_NAME* name = X509_get_subject_name(made.get());
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("localhost"), -1, -1, 0);
  X509_set_issuer_name(made.get(), name);
  add_extension(*made, NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1");
  add_extension(*made, NID_basic_constraints, "critical,CA:TRUE");
  X509_sign(made.get(), pair.get(), EVP_sha256());
  PEM_write_X509(open_for_writing(certificate).get(), made.get());
  PEM_write_PrivateKey(open_for_writing(key).get(), pair.get(), nullptr, nullptr, 0, nullptr,
                       nullptr);
}

}  // namespace torchhub::testing
