# frozen_string_literal: true

# The CA bundle that lies beside this file: its texts and certificates, and whether they are whole.

ca = Object.const_get(File.basename(__dir__).capitalize.gsub(/_[a-z]/) { |s| s[1].upcase })

# OpenSSL reads these files as certificates with a purpose: each is trusted for TLS servers, and never for the
# clients that a server asks for a certificate, although Ruby gives clients and servers the same default store.
# Each has the name by which OpenSSL looks for it: the hash of its subject, and a number.
ca::ANCHORS = Dir[File.join(__dir__, 'anchors', '*.[0-9]*')].sort.map(&:freeze).freeze

# The subjects of these CAs, as such hashes.
ca::SUBJECTS = ca::ANCHORS.to_h { |file| [File.basename(file)[0, 8].freeze, true] }.freeze

# What follows the certificate in such a file: trust for serverAuth alone.
ca::PURPOSE = ['300c300a06082b06010505070301'].pack('H*').freeze

ca::BLOCK = /-----BEGIN CERTIFICATE-----(.+?)-----END CERTIFICATE-----/mn.freeze

# Where systems keep their public roots in one file.
ca::SYSTEM_BUNDLES = [
  OpenSSL::X509::DEFAULT_CERT_FILE.dup.freeze,
  '/etc/ssl/certs/ca-certificates.crt', # Debian, Alpine, Arch
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem', # Fedora, RHEL
  '/etc/ssl/ca-bundle.pem', # openSUSE
  '/etc/ssl/cert.pem' # macOS, the BSDs
].freeze

class << ca
  # The path of the CA bundle, in PEM.
  def path
    File.join(__dir__, 'roots.pem')
  end

  # The CA bundle, in PEM.
  def pem
    File.read(path, encoding: Encoding::US_ASCII)
  end

  # The CA certificates, as OpenSSL::X509::Certificate objects.
  def certificates
    ders(pem.b).map { |der| OpenSSL::X509::Certificate.new(der) }
  end

  # The machine's public roots and the CA bundle in one text, for clients that read one PEM file and no store.
  def merged_pem
    system = self::SYSTEM_BUNDLES.find { |file| File.readable?(file) && File.binread(file).match?(self::BLOCK) }
    raise Errno::ENOENT, "none of #{self::SYSTEM_BUNDLES.join(', ')}" unless system

    "#{File.read(system).chomp}\n#{pem}"
  end

  # The environment that activates the gem in every Ruby started with it, as a Hash of names and values.
  # The path is absolute, because Bundler hides each gem that a Gemfile does not name.
  def env
    { 'RUBYOPT' => [*ENV.fetch('RUBYOPT', '').split, "-r#{__dir__}.rb"].uniq.join(' ') }
  end

  # The name by which OpenSSL looks for a certificate with this subject in a folder.
  def subject_hash(certificate)
    format('%08x', certificate.subject.hash)
  end

  private

  # The DER of each certificate in a text.
  def ders(text)
    text.scan(self::BLOCK).map { |(body)| body.unpack1('m') }
  end

  # The DER of the certificate in an anchor's file; what else the file holds follows in the same DER.
  def anchor(file)
    File.binread(file)[/(?<=-----\n).+?(?=-----END)/m].to_s.unpack1('m').delete_suffix(self::PURPOSE)
  end

  # Whether the anchors are the certificates of the bundle, each with its purpose.
  def whole?
    text = pem
    text.valid_encoding? && self::ANCHORS.map { |file| anchor(file) }.sort == ders(text.b).sort
  rescue SystemCallError
    false
  end

  # Whether a server that trusts the root in `file` would accept client certificates from it.
  def serves_clients?(file)
    root = OpenSSL::X509::Certificate.new(anchor(file))
    store = OpenSSL::X509::Store.new.add_file(file)
    store.trust = OpenSSL::X509::TRUST_SSL_CLIENT
    store.time = root.not_before + 1
    store.verify(root)
  end
end
