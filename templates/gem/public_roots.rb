# frozen_string_literal: true

# Which files and folders hold the public roots. Who names one of these has chosen no other roots than those that
# clients take anyway; any other file or folder is a choice, and its roots count alone.

ca = Object.const_get(File.basename(__dir__).capitalize.gsub(/_[a-z]/) { |s| s[1].upcase })

# The system's roots in one file, and in a folder with OpenSSL's names. Other names are found by what they lead to.
ca::PUBLIC_FILES = [
  *ca::SYSTEM_BUNDLES,
  '/etc/pki/tls/certs/ca-bundle.crt', # Fedora, RHEL
  '/var/lib/ca-certificates/ca-bundle.pem', # openSUSE
  '/usr/local/share/certs/ca-root-nss.crt', # FreeBSD
  '/usr/local/etc/openssl@3/cert.pem', # Homebrew
  '/opt/homebrew/etc/openssl@3/cert.pem',
  '/home/linuxbrew/.linuxbrew/etc/openssl@3/cert.pem'
].freeze
ca::PUBLIC_FOLDERS = [
  OpenSSL::X509::DEFAULT_CERT_DIR.dup.freeze,
  '/etc/ssl/certs',
  '/etc/pki/tls/certs',
  '/etc/pki/ca-trust/extracted/pem/directory-hash',
  '/var/lib/ca-certificates/openssl',
  '/usr/local/etc/openssl@3/certs',
  '/opt/homebrew/etc/openssl@3/certs',
  '/home/linuxbrew/.linuxbrew/etc/openssl@3/certs'
].freeze

# The variables that replace OpenSSL's default paths, not by its own constants, which a Ractor may not read.
ca::CHOICES = %w[SSL_CERT_FILE SSL_CERT_DIR].freeze

# Fewer public roots in a file are a selection, which somebody made.
ca::LEAST = 50

# More is no list of roots.
ca::MOST_BYTES = 1 << 24

class << ca
  # Whether the user has chosen the default roots: SSL_CERT_FILE and SSL_CERT_DIR mean those, and no others.
  def roots_chosen?
    !chosen.empty?
  end

  # The variables that name other roots than the public ones.
  def chosen
    self::CHOICES.select { |name| ENV.key?(name) && kind(name, ENV.fetch(name)) == :own }
  end

  # What a variable's value names: the :system's roots, a library's :public ones, or somebody's :own.
  def kind(name, value)
    if name == 'SSL_CERT_DIR'
      folders = value.b.split(File::PATH_SEPARATOR) # whatever its encoding: it need not be valid in it
      return folders.any? && folders.all? { |folder| leads_to?(folder, self::PUBLIC_FOLDERS) } ? :system : :own
    end
    return :system if leads_to?(value, self::PUBLIC_FILES)

    library_file?(value) ? :public : :own
  end

  # Whether a file holds the public roots, and nothing else: the system's, or those that a library brings.
  def public_file?(file)
    kind('SSL_CERT_FILE', file.to_s) != :own
  end

  private

  def leads_to?(path, places)
    places.any? { |place| File.identical?(path, place) }
  end

  # Whether a file has public roots alone, and all of its day, as those of certifi, curl, conda and Ruby's libraries
  # have: one that lacks a root, but has a younger one, is a selection, too. These CAs may be among them.
  def library_file?(file)
    remember(:public, file) do |text|
      blocks = ders(text)
      # OpenSSL reads what stands under other names, too: TRUSTED CERTIFICATE, X509 CERTIFICATE.
      text.scan('-----BEGIN ').size == blocks.size && public_roots?(digests(blocks) - digests(ders(pem.b)))
    end
  end

  # Whether these are roots that Mozilla trusts or once did, without a gap.
  def public_roots?(found)
    days = known
    found.size >= self::LEAST && (found - days.keys).empty? && (older(days, found) - found).empty?
  end

  # Those that the list has for longer than the youngest of the found ones.
  def older(days, found)
    youngest = days.values_at(*found).compact.max
    days.select { |_, day| day && day < youngest }.keys
  end

  # The first half of the SHA-256 of each, in hex.
  def digests(ders)
    ders.map { |der| OpenSSL::Digest.hexdigest('SHA256', der)[0, 32] }
  end

  # The same of each root that Mozilla trusts or once did, and since when, where it still does.
  def known
    File.readlines(File.join(__dir__, 'public_roots.txt'), chomp: true).to_h { |line| line.split.values_at(0, 1) }
  end

  # What the block makes of a file's text: asked once for each state of the file, and nil where it cannot be read.
  def remember(question, file)
    stat = File.stat(file)
    # A pipe can be read once, and is left for whom it is meant.
    return unless stat.file? && stat.size <= self::MOST_BYTES

    key = [question, file.to_s, stat.mtime, stat.size]
    return yield(File.binread(file)) unless main?

    @memory ||= {}
    @memory.fetch(key) { @memory[key] = yield(File.binread(file)) }
  rescue SystemCallError, ArgumentError
    nil
  end

  # Whether this is no Ractor, which may not keep anything here.
  def main?
    !defined?(Ractor) || Ractor.current == Ractor.main
  end
end
