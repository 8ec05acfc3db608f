# frozen_string_literal: true

# Lets this process's TLS clients trust the CA certificates beside this file, besides all they trust already.
# Every organisation's gem ships this same code, so what must have a name takes it from the folder it lies in: acme_2_ca
# makes Acme_2Ca, because Acme2Ca is acme2_ca's.

name = File.basename(__dir__).capitalize.gsub(/_[a-z]/) { |s| s[1].upcase }
if Object.const_defined?(name)
  # Another copy of this gem came first: one from RUBYOPT beside the one in a Gemfile.
  first = Object.const_get(name)
  return if first.respond_to?(:activate!) && File.basename(File.dirname(first.path)) == File.basename(__dir__)

  raise LoadError, "#{__FILE__}: #{name} is a constant of your program already"
end

ca = Object.const_set(name, Module.new)

# Not in a Ruby in which no test makes connections: OpenSSL's classes may be made in another way there, as JRuby's are,
# where one module before a class broke every connection.
unless %w[ruby jruby].include?(RUBY_ENGINE)
  require_relative 'elsewhere'
  return
end

require 'openssl'
require_relative 'bundle'
require_relative 'public_roots'
require_relative 'system_roots'

# Hooks: no name of another organisation's gem can meet them, since each gem prepends its own. Each finds its gem by
# name, because a method that closes over a variable cannot run in a Ractor.
ca::Stores = Module.new do
  def set_default_paths
    ca = Object.const_get(File.basename(__dir__).capitalize.gsub(/_[a-z]/) { |s| s[1].upcase })
    super.tap { ca.defer(self) unless ca.roots_chosen? }
  end

  def add_file(file)
    ca = Object.const_get(File.basename(__dir__).capitalize.gsub(/_[a-z]/) { |s| s[1].upcase })
    super.tap { ca.public_file?(file) ? ca.defer(self) : ca.notice(self, ca.subjects_in(file)) }
  end

  def add_cert(certificate)
    ca = Object.const_get(File.basename(__dir__).capitalize.gsub(/_[a-z]/) { |s| s[1].upcase })
    super.tap { ca.notice(self, [ca.subject_hash(certificate)]) }
  end
end

# A library that names its own public roots, or the system's, to a context: they go into a store that can take more.
ca::Contexts = Module.new do
  def ca_file=(file)
    super.tap { Object.const_get(File.basename(__dir__).capitalize.gsub(/_[a-z]/) { |s| s[1].upcase }).consider(self) }
  end

  def ca_path=(folder)
    super.tap { Object.const_get(File.basename(__dir__).capitalize.gsub(/_[a-z]/) { |s| s[1].upcase }).consider(self) }
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
    Object.const_get(File.basename(__dir__).capitalize.gsub(/_[a-z]/) { |s| s[1].upcase }).prepare(context)
    super
  end

  def connect_nonblock(*, **)
    Object.const_get(File.basename(__dir__).capitalize.gsub(/_[a-z]/) { |s| s[1].upcase }).prepare(context)
    super
  end
end

# The variables of a store: what is due to it once it is used, :rest or :all, and of which of these CAs' subjects it
# got certificates from the program.
ca::DUE = :"@#{File.basename(__dir__)}_due"
ca::NAMES = :"@#{File.basename(__dir__)}_names"

# That of a store that one of these gems has made for a context.
ca::MADE = :@made_for_added_roots

class << ca
  # Trust the certificates in the default store, and in each store that is given the default paths from now on.
  # Return whether they are trusted now: not where <NAME>_DISABLE is set. A second call does nothing.
  def activate!
    return false if disabled?
    return true if active?
    return false if faulty? || self::ANCHORS.empty?

    # What it holds already, nobody can tell: nothing waits until OpenSSL looks for it.
    defer(OpenSSL::SSL::SSLContext::DEFAULT_CERT_STORE, :all) unless roots_chosen?
    hook
    @active = true
  end

  # Whether this process's clients have been made to trust the certificates.
  def active?
    defined?(@active) ? @active : false
  end

  # Trust the certificates in `store`, an OpenSSL::X509::Store of your own, for TLS servers; return the store.
  def add_to(store, anchors = self::ANCHORS)
    anchors.each { |file| past_hooks(store, :add_file, file) }
    store
  end

  # Add the certificates to `store` once it is used. OpenSSL keeps the first copy of a certificate, and one that the
  # program adds itself is trusted for more than ours: it must not come second.
  def defer(store, due = :rest)
    return trust(store, [due], []) if store.frozen?

    store.instance_variable_set(self::DUE, [due])
  end

  # Remember that the program has added certificates with these subjects to `store`: OpenSSL looks for ours no more.
  def notice(store, hashes)
    ours = hashes.select { |hash| self::SUBJECTS.key?(hash) }
    return if ours.empty? || store.frozen?

    store.instance_variable_set(self::NAMES, [*store.instance_variable_get(self::NAMES), *ours])
  end

  # Add to `store` what is due to it. A connection to another server must not fail for files that are gone by now.
  def settle(store)
    due, names = [self::DUE, self::NAMES].map { |variable| store.instance_variable_get(variable) }
    return if due.nil? || (due.empty? && !names)

    trust(store, due.dup, names.to_a)
    due.clear # only now: another thread may need them already
    store.remove_instance_variable(self::NAMES) if names
  rescue OpenSSL::X509::StoreError, SystemCallError
    due.clear
    warn "#{name}: not trusted, because the files in #{__dir__} are damaged or gone"
  end

  # Add to the store of a client's context what is due to it, unless its file has other roots since it was named.
  def prepare(context)
    store = context.cert_store
    settle(store) unless store&.instance_variable_defined?(self::MADE) && !names_public_roots?(context)
  end

  # Give a context whose file or folder is of public roots a store that takes ours when it connects.
  def consider(context)
    store = context.cert_store
    return unless store.nil? || store.instance_variable_defined?(self::MADE)

    unless names_public_roots?(context)
      context.cert_store = nil if store
      return
    end
    context.cert_store = store || OpenSSL::X509::Store.new.tap { |made| made.instance_variable_set(self::MADE, true) }
    defer(context.cert_store)
  end

  private

  def disabled?
    !['', '0'].include?(ENV.fetch("#{File.basename(__dir__).upcase}_DISABLE", ''))
  end

  # Whether something forbids to trust the certificates. It is said and not raised: programs can do without them.
  def faulty?
    found = fault
    warn "#{name}: not activated, because #{found}" if found
    !found.nil?
  end

  def fault
    if self::ANCHORS.any? && serves_clients?(self::ANCHORS.first)
      # Servers would trust these CAs too.
      'this TLS library ignores what a certificate is trusted for'
    elsif !whole?
      "the files in #{__dir__} are damaged, or cannot be read: install the gem again"
    end
  rescue SystemCallError, OpenSSL::OpenSSLError
    "the files in #{__dir__} are damaged, or cannot be read: install the gem again"
  end

  def hook
    OpenSSL::X509::Store.prepend(self::Stores)
    OpenSSL::X509::StoreContext.prepend(self::Verification)
    OpenSSL::SSL::SSLContext.prepend(self::Contexts)
    RUBY_ENGINE == 'jruby' ? replace(OpenSSL::SSL::SSLSocket) : OpenSSL::SSL::SSLSocket.prepend(self::Connection)
  end

  # JRuby makes a socket with the method of its class below the first module, whichever that is, without end.
  def replace(sockets)
    ca = self
    %i[connect connect_nonblock].each do |name|
      before = sockets.instance_method(name)
      sockets.define_method(name) do |*arguments, **options|
        ca.prepare(context)
        before.bind_call(self, *arguments, **options)
      end
    end
  end

  def names_public_roots?(context)
    named = self::CHOICES.zip([context.ca_file, context.ca_path]).select(&:last)
    named.any? && named.all? { |name, value| kind(name, value.to_s) != :own }
  end

  # Add to `store` what the default paths lack. JRuby does not look into folders that it is given.
  def trust(store, due, names)
    add_others(store)
    all = due.include?(:all) || RUBY_ENGINE == 'jruby'
    add_to(store, survey[:added] + survey[:waiting].select { |file| all || names.include?(subject_of(file)) })
    past_hooks(store, :add_path, File.join(__dir__, 'anchors')) unless all
  end

  def add_others(store)
    ders = survey[:there] + survey[:plain].map { |file| anchor(file) }
    ders.each { |der| past_hooks(store, :add_cert, OpenSSL::X509::Certificate.new(der)) }
  end

  # Call OpenSSL's own method of a store, without any hook.
  def past_hooks(store, name, *arguments)
    method = OpenSSL::X509::Store.instance_method(name)
    method = method.super_method while method.super_method
    method.bind_call(store, *arguments)
  end
end
