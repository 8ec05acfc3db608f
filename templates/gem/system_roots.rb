# frozen_string_literal: true

# What the default paths hold already beside these CAs. OpenSSL looks for an issuer by name, and stops at the first
# place that has one: a CA of the same name, renewed or cross-signed, can hide another, theirs ours or ours theirs.
# So nothing is left out because it verifies: certificates are compared.

ca = Object.const_get(File.basename(__dir__).capitalize.gsub(/_[a-z]/) { |s| s[1].upcase })

ca::DEFAULT_PLACES = [OpenSSL::X509::DEFAULT_CERT_FILE, OpenSSL::X509::DEFAULT_CERT_DIR].map { |s| s.dup.freeze }.freeze

class << ca
  # The subjects in a file that one of these CAs has, too, as hashes.
  def subjects_in(file)
    remember(:subjects, file) { |text| read_all(text).map { |found| subject_hash(found) } & subjects } || []
  end

  # How the anchors come into a store with the default paths. Texts alone, because a Ractor reads them. `there` is the
  # DER of what must come first: the default paths' own certificates with another key, but a subject that one of ours
  # has. The other lists are of anchors' files: `left` out, because the default paths accept what these have signed;
  # `plain`, because their issuers are trusted there for every purpose; `added` at once, because the default paths
  # have something of that subject, but of no use; `waiting` for OpenSSL to look for them.
  def survey
    return self::SURVEY if const_defined?(:SURVEY, false)

    found = look.transform_values { |list| list.map(&:freeze).freeze }.freeze
    const_set(:SURVEY, found) unless const_defined?(:SURVEY, false)
    found
  end

  private

  def look
    system = default_store
    known = namesakes
    self::ANCHORS.each_with_object({ there: [], left: [], plain: [], added: [], waiting: [] }) do |file, found|
      root = OpenSSL::X509::Certificate.new(anchor(file))
      list, *others = judge(root, known.fetch(subject_of(file)), system)
      found[list] << file
      found[:there] |= others.map(&:to_der)
    end
  end

  # The list for a root, and which certificates must be in a store before it.
  def judge(root, namesakes, system)
    return !self_issued?(root) && system.verify(root) ? :plain : :waiting if namesakes.empty?

    same, others = namesakes.partition { |found| found.public_key.to_der == root.public_key.to_der }
    usable?(same, system) ? [:left] : [:added, *others]
  end

  # Whether the default paths alone accept what the key of these certificates has signed.
  def usable?(certificates, system)
    roots, crossed = certificates.partition { |found| self_issued?(found) }
    roots.any? { |root| system.verify(root) } || (crossed.any? && crossed.all? { |found| system.verify(found) })
  end

  def self_issued?(certificate)
    certificate.issuer == certificate.subject
  end

  # A store with the default paths and no gem's roots.
  def default_store
    OpenSSL::X509::Store.new.tap { |store| past_hooks(store, :set_default_paths) }
  end

  # The certificates of the default paths for each of these subjects, as OpenSSL finds them: in the file, or else in
  # the first folder that has some.
  def namesakes
    file, folders = default_places
    listed = read_files([file]).group_by { |found| subject_hash(found) }
    subjects.to_h { |hash| [hash, listed[hash] || read_folders(folders, hash)] }
  end

  def default_places
    file, folders = self::CHOICES.zip(self::DEFAULT_PLACES).map { |name, default| ENV.fetch(name, default) }
    [file, folders.b.split(File::PATH_SEPARATOR)]
  end

  def read_folders(folders, hash)
    folders.each do |folder|
      names = (0..).lazy.map { |number| File.join(folder, "#{hash}.#{number}") }
      found = read_files(names.take_while { |name| File.file?(name) }.to_a)
      return found if found.any?
    end
    []
  end

  def read_files(files)
    files.flat_map { |file| File.file?(file) && File.readable?(file) ? read_all(File.binread(file)) : [] }
  rescue SystemCallError
    []
  end

  # The certificates in a text that OpenSSL can read.
  def read_all(text)
    ders(text).filter_map do |der|
      OpenSSL::X509::Certificate.new(der)
    rescue OpenSSL::X509::CertificateError
      nil
    end
  end

  def subjects
    self::SUBJECTS.keys
  end

  def subject_of(file)
    File.basename(file)[0, 8]
  end
end
