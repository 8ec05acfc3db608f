# frozen_string_literal: true

# Lets this process's TLS clients trust the CA certificates beside this file, besides all they trust already.
# Every organisation's gem ships this same code, so what must have a name takes it from the folder it lies in: acme_2_ca
# makes Acme_2Ca, because Acme2Ca is acme2_ca's.

require 'openssl'

name = File.basename(__dir__).capitalize.gsub(/_[a-z]/) { |s| s[1].upcase }
if Object.const_defined?(name)
  # Another copy of this gem came first: one from RUBYOPT beside the one in a Gemfile.
  first = Object.const_get(name)
  return if first.respond_to?(:merged_pem) && File.basename(File.dirname(first.path)) == File.basename(__dir__)

  raise LoadError, "#{__FILE__}: #{name} is a constant of your program already"
end

ca = Object.const_set(name, Module.new)

# Hooks: no name of another organisation's gem can meet them, since each gem prepends its own. Each finds its gem by
# name, because a method that closes over a variable cannot run in a Ractor.
ca::DefaultPaths = Module.new do
  def set_default_paths
    ca = Object.const_get(File.basename(__dir__).capitalize.gsub(/_[a-z]/) { |s| s[1].upcase })
    super.tap { ca.defer(self) unless ca.roots_chosen? }
  end
end

ca::Verification = Module.new do
  def initialize(store, *)
    Object.const_get(File.basename(__dir__).capitalize.gsub(/_[a-z]/) { |s| s[1].upcase }).settle(store)
    super
  end
end

# Not in the setup of a context, which SSLSocket calls past Ruby, and which servers need as well: they get none.
ca::Connection = Module.new do
  def connect
    Object.const_get(File.basename(__dir__).capitalize.gsub(/_[a-z]/) { |s| s[1].upcase }).settle(context.cert_store)
    super
  end

  def connect_nonblock(*, **)
    Object.const_get(File.basename(__dir__).capitalize.gsub(/_[a-z]/) { |s| s[1].upcase }).settle(context.cert_store)
    super
  end
end

# The variable of a store for the anchors that it gets once it is used.
ca::DUE = :"@#{File.basename(__dir__)}_due"

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
    pem.b.scan(/-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----/m)
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
    return false if disabled? || faulty? || self::ANCHORS.empty?
    return true if const_defined?(:MISSING, false)

    const_set(:MISSING, missing)
    defer(OpenSSL::SSL::SSLContext::DEFAULT_CERT_STORE) unless roots_chosen?
    OpenSSL::X509::Store.prepend(self::DefaultPaths)
    OpenSSL::X509::StoreContext.prepend(self::Verification)
    OpenSSL::SSL::SSLSocket.prepend(self::Connection)
    true
  end

  # Trust the certificates in `store`, an OpenSSL::X509::Store of your own, for TLS servers; return the store.
  def add_to(store, anchors = self::ANCHORS)
    anchors.each { |file| store.add_file(file) }
    store
  end

  # Add the certificates to `store` once it is used. OpenSSL keeps the first copy of a certificate, and one that the
  # program adds itself is trusted for more than ours: it must not come second.
  def defer(store)
    store.instance_variable_set(self::DUE, self::MISSING.dup)
  end

  # Add to `store` what is due to it. A connection to another server must not fail for files that are gone by now.
  def settle(store)
    return unless store.instance_variable_defined?(self::DUE)

    due = store.instance_variable_get(self::DUE)
    add_to(store, due)
    due.clear # only now: another thread may need them already
  rescue OpenSSL::X509::StoreError
    due.clear
    warn "#{name}: not trusted, because the files in #{__dir__} are damaged or gone"
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

  # Whether something forbids to trust the certificates. It is said and not raised: programs can do without them.
  def faulty?
    fault = if !whole?
              "the files in #{__dir__} are damaged, or cannot be read: install the gem again"
            elsif self::ANCHORS.any? { |file| serves_clients?(file) }
              # Servers would trust these CAs too.
              'this TLS library ignores what a certificate is trusted for'
            end
    warn "#{name}: not activated, because #{fault}" if fault
    !fault.nil?
  end

  # Whether OpenSSL reads the anchors, and they are the certificates of the bundle.
  def whole?
    return false unless pem.valid_encoding?

    add_to(OpenSSL::X509::Store.new)
    self::ANCHORS.map { |file| certificate(file).to_der }.sort == certificates.map(&:to_der).sort
  rescue SystemCallError, OpenSSL::OpenSSLError
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
    OpenSSL::X509::Certificate.new(File.binread(file)[/(?<=-----\n).+?(?=-----END)/m].to_s.unpack1('m'))
  end
end

ca.activate!
