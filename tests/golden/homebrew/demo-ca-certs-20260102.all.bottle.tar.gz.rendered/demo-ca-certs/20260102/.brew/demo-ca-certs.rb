class DemoCaCerts < Formula
  desc "CA certificates of Demo Corporation"
  homepage "https://pki.demo.example.org/"
  url "https://packages.demo.example.org/demo-ca-certs-20260102.tar.gz"
  sha256 "685984bafc4b2a8a12f08c44f319c3fa43cf7a0468a3332af4c9f51cf27926b3"
  license "Apache-2.0"

  def install
    prefix.install "etc", "libexec", "share"
  end

  # Homebrew links the certificates into OpenSSL's folder and unlinks them, so that uninstalling revokes them at once.
  # OpenSSL finds them there by names whose numbers depend on what else is in that folder: these are made here.
  post_install_steps do
    run "link-anchors",
        args: ["{{etc}}/openssl@3/certs", "{{pkgshare}}/hashes", "demo-ca-certs."],
        base: :libexec
  end

  def caveats
    text = <<~EOS
      Programs that use Homebrew's OpenSSL (curl, python, ruby, wget and more) trust these CAs in addition to those
      they trusted before. After other changes in #{etc}/openssl@3/certs, `brew postinstall #{name}` repairs the links.
    EOS
    return text unless OS.mac?

    <<~EOS
      #{text}
      macOS itself (Safari, /usr/bin/curl) trusts what is in the keychain. To add the CAs there, an administrator runs:
        for file in #{opt_prefix}/etc/openssl@3/certs/*.pem; do
          sudo security add-trusted-cert -d -r trustRoot -k /Library/Keychains/System.keychain "$file"
        done
      and, before uninstalling, `sudo security remove-trusted-cert -d "$file"` for each. On managed Macs, deliver
      them by a configuration profile (payload com.apple.security.root) instead: that asks nobody for a password.
    EOS
  end

  test do
    (pkgshare/"hashes").each_line(chomp: true) do |line|
      hash, file = line.split
      linked = (etc/"openssl@3/certs").glob("#{hash}.*").select(&:exist?).map(&:read)
      assert_includes linked, (prefix/"etc/openssl@3/certs"/file).read
    end
  end
end
