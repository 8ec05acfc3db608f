# frozen_string_literal: true

# What makes, or keeps, this environment's Ruby processes from trusting the CA certificates.

require 'json'
require_relative 'trust'

ca = Object.const_get(File.basename(__dir__).capitalize.gsub(/_[a-z]/) { |s| s[1].upcase })
return unless ca.respond_to?(:merged_pem) # in a Ruby that nobody has tried it in

ca::DISABLE = "#{File.basename(__dir__).upcase}_DISABLE"

# The variables that decide what is trusted here, and who reads each.
ca::VARIABLES = {
  ca::DISABLE => 'this gem',
  'RUBYOPT' => 'every Ruby',
  'SSL_CERT_FILE' => "Ruby's OpenSSL, and this gem",
  'SSL_CERT_DIR' => "Ruby's OpenSSL, and this gem",
  'BUNDLE_SSL_CA_CERT' => 'the bundle command',
  'AWS_CA_BUNDLE' => 'aws-sdk',
  'GRPC_DEFAULT_SSL_ROOTS_FILE_PATH' => 'grpc'
}.freeze

# What a variable that names roots comes to.
ca::EFFECTS = {
  system: "names the system's roots, which clients take anyway: this gem adds its own",
  public: "names a library's public roots: this gem adds its own",
  own: 'is a choice of other roots: clients trust those alone, and this gem adds nothing',
  alone: 'these clients trust the roots in this file alone'
}.freeze

class << ca
  # What is active in this process, as the keys of a JSON document.
  def examine
    problems = found_problems
    through = problems.empty? ? ways : []
    about.slice('package', 'version', 'release', 'organisation').then do |names|
      { 'schema' => 1, **names, 'runtime' => runtime, 'bundle' => path, 'certificates' => described,
        'active' => through.any?, 'through' => through, 'variables' => examined_variables,
        'problems' => problems, 'notes' => notes(through) }
    end
  end

  # The same for people.
  def report(found = examine)
    active = found['active'] ? "yes, through #{found['through'].join(', ')}" : 'no'
    [headline(*found.values_at('package', 'version', 'release', 'organisation', 'runtime')),
     "bundle: #{found['bundle']}",
     *found['certificates'].map { |one| certificate_line(one) },
     "active: #{active}",
     *details(found)].join("\n")
  end

  # The package's name and version, the release's, and the organisation's slug.
  def about
    JSON.parse(File.read(File.join(__dir__, 'about.json'), encoding: Encoding::UTF_8))
  end

  private

  def headline(package, version, release, organisation, runtime)
    "#{package} #{version} (release #{release} of #{organisation}), " \
      "#{runtime['name']} #{runtime['version']} (#{runtime['path']})"
  end

  def details(found)
    [*found['variables'].map { |one| "#{one['name']}=#{JSON.generate(one['value'])}: #{one['effect']}" },
     *found['problems'].map { |text| "problem: #{text}" },
     *found['notes'].map { |text| "note: #{text}" }]
  end

  def certificate_line(one)
    ends = "#{one['expired'] ? 'expired on' : 'valid until'} #{one['not_after'][0, 10]}"
    "  #{one['subject']}, #{ends}, SHA-256 #{one['sha256']}"
  end

  def runtime
    version = RUBY_ENGINE == 'ruby' ? RUBY_VERSION : RUBY_ENGINE_VERSION
    { 'name' => RUBY_ENGINE, 'version' => version, 'path' => RbConfig.ruby }
  end

  def described
    certificates.map do |root|
      { 'subject' => root.subject.to_s(OpenSSL::X509::Name::RFC2253).force_encoding(Encoding::UTF_8).scrub,
        'sha256' => OpenSSL::Digest.hexdigest('SHA256', root.to_der),
        'not_after' => root.not_after.getutc.strftime('%Y-%m-%dT%H:%M:%SZ'),
        'expired' => root.not_after < Time.now }
    end
  rescue SystemCallError, OpenSSL::X509::CertificateError
    []
  end

  def found_problems
    [*fault, *("#{self::DISABLE} switches this gem off" if disabled?), *chosen.map do |name|
      "#{name} names other roots without these CAs: unset it" unless holds?(ENV.fetch(name), name == 'SSL_CERT_DIR')
    end].compact
  end

  # By which ways a default client of this process trusts all of these roots.
  def ways
    return [] if certificates.empty?
    return ["the system's roots"] if trusts_all?(default_store)
    return chosen if roots_chosen?
    return [] unless trusted_by_default?

    [ENV.fetch('RUBYOPT', '').b.match?(/#{File.basename(__dir__)}\b/) ? 'RUBYOPT' : 'require']
  end

  def trusted_by_default?
    active? && (RUBY_ENGINE == 'jruby' || trusts_all?(settled(OpenSSL::SSL::SSLContext::DEFAULT_CERT_STORE)))
  end

  def settled(store)
    settle(store)
    store
  end

  # Whether a store trusts each root for TLS servers; that one has expired is said elsewhere. JRuby cannot tell: it
  # takes no root for a copy of itself that has a purpose.
  def trusts_all?(store)
    certificates.all? do |root|
      context = OpenSSL::X509::StoreContext.new(store, root)
      context.trust = OpenSSL::X509::TRUST_SSL_SERVER
      context.time = root.not_before + 1
      context.verify
    end
  end

  def examined_variables
    self::VARIABLES.filter_map do |name, clients|
      next unless (value = ENV.fetch(name, nil))

      { 'name' => name, 'value' => shown(value), 'clients' => clients,
        'holds_these_roots' => names_roots?(name) ? holds?(value, name == 'SSL_CERT_DIR') : nil,
        'effect' => effect(name, value) }
    end
  end

  # A value as JSON can hold it.
  def shown(value)
    value.dup.force_encoding(Encoding::UTF_8).scrub
  end

  def names_roots?(name)
    ![self::DISABLE, 'RUBYOPT'].include?(name)
  end

  def effect(name, value)
    case name
    when self::DISABLE then disabled? ? 'switches this gem off' : 'has no effect: empty or 0'
    when 'RUBYOPT' then value.include?(File.basename(__dir__)) ? 'loads this gem' : 'does not load this gem'
    when *self::CHOICES then self::EFFECTS.fetch(kind(name, value))
    else self::EFFECTS.fetch(:alone)
    end
  end

  # Whether a file, or the folders in a list, hold all of these roots.
  def holds?(value, folders)
    places = value.b.split(File::PATH_SEPARATOR)
    found = folders ? subjects.flat_map { |hash| read_folders(places, hash) } : read_files([value])
    (certificates.map(&:to_der) - found.map(&:to_der)).empty?
  end

  def notes(through)
    expired = described.select { |one| one['expired'] }.map { |one| "#{one['subject']} has expired" }
    unless through.any? || active?
      expired << "set what `#{about['package']} env` prints, or say require '#{File.basename(__dir__)}' in the program"
    end
    expired << 'a program that requires this gem itself, or by its Gemfile, is not seen from here'
  end
end
