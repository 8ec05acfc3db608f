# frozen_string_literal: true

# Lets this process's TLS clients trust the CA certificates beside this file, besides all they trust already.
# Every organisation's gem ships this same code, so what must have a name takes it from the folder it lies in.

require 'openssl'

name = File.basename(__dir__).split('_').map(&:capitalize).join
if Object.const_defined?(name)
  # Another copy of this gem came first: one from RUBYOPT beside the one in a Gemfile.
  return if Object.const_get(name).respond_to?(:activate!)

  raise LoadError, "#{__FILE__}: #{name} is a constant of your program already"
end

ca = Object.const_set(name, Module.new)

# A store's method: no name of another organisation's gem can meet it, since each gem prepends its own.
ca::DefaultPaths = Module.new do
  def set_default_paths
    # By name, because a method that closes over a variable cannot run in a Ractor.
    ca = Object.const_get(File.basename(__dir__).split('_').map(&:capitalize).join)
    super.tap { ca.add_to(self, ca::MISSING) unless ca.roots_chosen? }
  end
end

# OpenSSL reads these files as certificates with a purpose: each is trusted for TLS servers, and never for the
# clients that a server asks for a certificate, although Ruby gives clients and servers the same default store.
ca::ANCHORS = Dir[File.join(__dir__, 'anchors', '*.pem')].sort.map(&:freeze).freeze

# Where systems keep their public roots in one file.
ca::SYSTEM_BUNDLES = [
  OpenSSL::X509::DEFAULT_CERT_FILE,
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
    pem.scan(/-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----/m)
       .map { |text| OpenSSL::X509::Certificate.new(text) }
  end

  # The machine's public roots and the CA bundle in one text, for clients that read one PEM file and no store.
  def merged_pem
    system = self::SYSTEM_BUNDLES.find { |file| File.readable?(file) }
    raise Errno::ENOENT, "none of #{self::SYSTEM_BUNDLES.join(', ')}" unless system

    "#{File.read(system).chomp}\n#{pem}"
  end

  # The environment that activates the gem in every Ruby started with it, as a Hash of names and values.
  # The path is absolute, because Bundler hides each gem that a Gemfile does not name.
  def env
    { 'RUBYOPT' => [*ENV.fetch('RUBYOPT', '').split, "-r#{__dir__}.rb"].uniq.join(' ') }
  end

  # Trust the certificates in the default store, and in each store that is given the default paths from now on.
  # Return whether they are trusted now: not where <NAME>_DISABLE is set. A second call does nothing.
  def activate!
    return false if disabled? || !purposes_kept?
    return true if const_defined?(:MISSING, false)

    const_set(:MISSING, missing)
    add_to(OpenSSL::SSL::SSLContext::DEFAULT_CERT_STORE, self::MISSING) unless roots_chosen?
    OpenSSL::X509::Store.prepend(self::DefaultPaths)
    true
  end

  # Trust the certificates in `store`, an OpenSSL::X509::Store of your own, for TLS servers; return the store.
  def add_to(store, anchors = self::ANCHORS)
    anchors.each { |file| store.add_file(file) }
    store
  end

  # Whether the user has chosen the default roots: SSL_CERT_FILE and SSL_CERT_DIR mean those, and no others.
  def roots_chosen?
    # Not by OpenSSL's own constants for these names, which a Ractor may not read.
    ENV.key?('SSL_CERT_FILE') || ENV.key?('SSL_CERT_DIR')
  end

  private

  def disabled?
    !['', '0'].include?(ENV.fetch("#{File.basename(__dir__).upcase}_DISABLE", ''))
  end

  # Whether this TLS library heeds a certificate's purposes. Without them servers would trust these CAs too.
  def purposes_kept?
    file = self::ANCHORS.find { |anchor| certificate(anchor).then { |root| root.issuer == root.subject } }
    return true unless file && serves_clients?(file)

    warn "#{name}: not activated, because this TLS library ignores what a certificate is trusted for"
    false
  end

  # Whether a server that trusts the root in `file` would accept client certificates from it.
  def serves_clients?(file)
    store = add_to(OpenSSL::X509::Store.new, [file])
    store.trust = OpenSSL::X509::TRUST_SSL_CLIENT
    store.time = certificate(file).not_before + 1
    store.verify(certificate(file))
  end

  # The anchors that the system's store lacks: one that it has keeps every purpose that it has there.
  def missing
    system = OpenSSL::X509::Store.new
    system.set_default_paths
    self::ANCHORS.reject { |file| system.verify(certificate(file)) }.freeze
  end

  # The certificate in an anchor's file; its purposes follow in the same DER.
  def certificate(file)
    OpenSSL::X509::Certificate.new(File.read(file).lines[1..-2].join.unpack1('m'))
  end
end

ca.activate!
